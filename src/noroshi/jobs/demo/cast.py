"""Who plays in the demo: device types with their quantities, and the terminals in the field."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoQuantity:
    """One quantity of a type; `words` are (false, true) in Japanese and English."""

    key: str
    ja: str
    en: str
    unit: str = ""
    decimals: int = 1
    kind: str = "number"
    words: tuple[str, str, str, str] = ("", "", "", "")


@dataclass(frozen=True, slots=True)
class DemoType:
    """One device type; `slug` names its codec in the catalogue."""

    slug: str
    ja: str
    en: str
    interval_s: int
    quantities: tuple[DemoQuantity, ...]


@dataclass(frozen=True, slots=True)
class DemoDevice:
    """One terminal; `network` is sigfox, chirpstack or tts, `character` how it behaves."""

    name: str
    site: str
    slug: str
    network: str
    address: str
    character: str = ""

    @property
    def space(self) -> str:
        """The address space of its network."""
        return "sigfox" if self.network == "sigfox" else "lorawan"


BATTERY = DemoQuantity("battery_mv", "電池電圧", "Battery voltage", "mV", 0)

TYPES = (
    DemoType(
        "paddy",
        "水田水位計",
        "Paddy water level sensor",
        1800,
        (
            DemoQuantity("level_cm", "水位", "Water level", "cm"),
            DemoQuantity("water_temperature", "水温", "Water temperature", "℃"),
            BATTERY,
        ),
    ),
    DemoType(
        "cold_store",
        "冷蔵庫用温度計",
        "Cold-store thermometer",
        900,
        (
            DemoQuantity("temperature", "温度", "Temperature", "℃"),
            DemoQuantity("humidity", "湿度", "Humidity", "%", 0),
            BATTERY,
        ),
    ),
    DemoType(
        "greenhouse",
        "ハウス環境センサー",
        "Greenhouse climate sensor",
        1800,
        (
            DemoQuantity("temperature", "温度", "Temperature", "℃"),
            DemoQuantity("humidity", "湿度", "Humidity", "%", 0),
            DemoQuantity("co2_ppm", "CO2", "CO2", "ppm", 0),
            DemoQuantity("soil_moisture", "土壌水分", "Soil moisture", "%", 0),
            BATTERY,
        ),
    ),
    DemoType(
        "door",
        "扉センサー",
        "Door contact",
        3600,
        (
            DemoQuantity(
                "open", "扉", "Door", kind="boolean", words=("閉", "開", "closed", "open")
            ),
            DemoQuantity("count", "開いた回数", "Openings", "回", 0),
            BATTERY,
        ),
    ),
    DemoType(
        "trap",
        "わなセンサー",
        "Trap contact",
        21600,
        (
            DemoQuantity(
                "sprung", "わな", "Trap", kind="boolean", words=("待機", "作動", "armed", "sprung")
            ),
            DemoQuantity(
                "tilted", "傾き", "Tilt", kind="boolean", words=("なし", "あり", "no", "yes")
            ),
            DemoQuantity("temperature", "温度", "Temperature", "℃", 0),
            BATTERY,
        ),
    ),
)

DEVICES = (
    DemoDevice("第1冷蔵庫", "本社工場", "cold_store", "chirpstack", "A840411B2C3D0001"),
    DemoDevice("第2冷蔵庫", "本社工場", "cold_store", "chirpstack", "A840411B2C3D0002", "warm"),
    DemoDevice("検食室冷蔵庫", "本社工場", "cold_store", "chirpstack", "A840411B2C3D0003", "drift"),
    DemoDevice("工場裏口", "本社工場", "door", "sigfox", "1F13A01"),
    DemoDevice("北の田 1号", "北の田んぼ", "paddy", "sigfox", "4D9A51", "winter_water"),
    DemoDevice("北の田 2号", "北の田んぼ", "paddy", "sigfox", "4D9A52"),
    DemoDevice("川ぞいの田", "北の田んぼ", "paddy", "tts", "70B3D57ED0050011"),
    DemoDevice("いちごハウス", "温室", "greenhouse", "tts", "70B3D57ED0050021"),
    DemoDevice("トマトハウス", "温室", "greenhouse", "tts", "70B3D57ED0050022"),
    DemoDevice("育苗ハウス", "温室", "greenhouse", "chirpstack", "A840411B2C3D0011"),
    DemoDevice("資材庫の扉", "温室", "door", "sigfox", "1F13A02"),
    DemoDevice("米野木1号", "里山", "trap", "sigfox", "2B7701"),
    DemoDevice("竹の山3号", "里山", "trap", "sigfox", "2B7703", "silent"),
)

# Sends without being registered, so that the office sees how an unknown terminal waits.
STRANGER = DemoDevice("（未登録）", "", "greenhouse", "chirpstack", "A840411B2C3D00FF")
NETWORKS = {
    "sigfox": "Sigfox（KCCS）",
    "chirpstack": "ChirpStack（自営）",
    "tts": "The Things Stack",
}
