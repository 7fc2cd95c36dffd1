"""Who and what the smoke test brings: codecs, types, terminals, connections, samples."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from noroshi.jobs.smoking.network import sample

TENANT = "けむり農園"
PEOPLE = (
    ("品質管理 大野", "quality@smoke.example.jp", "ja"),
    ("Plant manager", "manager@smoke.example.jp", "en"),
)
FRIDGE, FIELD, HOUSE, PUMP = "第1冷蔵庫", "北の田", "いちごハウス", "揚水ポンプ"
TRAP, STRANGER = "直せる端末", "あとから登録"
STORM = tuple(f"嵐{number}号" for number in range(1, 6))

FACTOR_HEADER = "X-Smoke-Key"
EVENTS_OF_SAMPLE = 6  # of EVENTS, those about the terminal of the ChirpStack sample
STRANGERS = ["0016C001F000175A"]  # of the integration event

READS_FRIDGE = """
function decodeUplink(input) {
  var b = input.bytes, t = b[0] << 8 | b[1];
  if (t > 32767) t -= 65536;
  var data = { temperature: t / 10, humidity: b[2] / 2, door: b[3] === 1 };
  if (b.length > 4) data.note = String.fromCharCode.apply(null, b.slice(4));
  return { data: data };
}
"""
READS_ANY = """
function decodeUplink(input) {
  return { data: { first: input.bytes[0], length: input.bytes.length } };
}
"""
READS_NOTHING = "function decodeUplink(input) { throw new Error('smoke: not yet written'); }"


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity of a type; `kind` is number, boolean, text or position."""

    key: str
    name: str
    unit: str = ""
    decimals: int = 1
    kind: str = "number"


@dataclass(frozen=True, slots=True)
class Kind:
    """A device type and its codec."""

    name: str
    codec: str
    source: str
    quantities: tuple[Quantity, ...]


WHOLE = (Quantity("first", "最初の値", "", 0), Quantity("length", "長さ", "B", 0))
KINDS = {
    "fridge": Kind(
        "冷蔵庫センサー",
        "javascript",
        READS_FRIDGE,
        (
            Quantity("temperature", "庫内温度", "℃"),
            Quantity("humidity", "湿度", "%"),
            Quantity("door", "扉", kind="boolean"),
            Quantity("note", "メモ", kind="text"),
        ),
    ),
    "field": Kind(
        "水位計",
        "sigfox_grammar",
        "level::int:16:big-endian battery::uint:8",
        (Quantity("level", "水位", "cm", 0), Quantity("battery", "電池", "", 0)),
    ),
    "house": Kind(
        "温室センサー",
        "network",
        "",
        (Quantity("temperature", "気温", "℃"), Quantity("luminosity", "明るさ", "klx", 2)),
    ),
    "soil": Kind(
        "土壌センサー",
        "network",
        "",
        (
            Quantity("Bat", "電池", "V", 3),
            Quantity("temp_SOIL", "地温", "℃", 2),
            Quantity("water_SOIL", "水分", "%", 2),
        ),
    ),
    "beam": Kind(
        "SORACOM の端末",
        "network",
        "",
        (
            Quantity("tmp", "温度", "℃"),
            Quantity("vlt", "電圧", "V"),
            Quantity("ctr", "回数", "", 0),
        ),
    ),
    "pump": Kind(
        "Cayenne の端末",
        "cayenne_lpp",
        "",
        (Quantity("temperature_3", "水温", "℃"), Quantity("temperature_5", "外気温", "℃")),
    ),
    "any": Kind("見本の端末", "javascript", READS_ANY, WHOLE),
    "trap": Kind("直せる機種", "javascript", READS_NOTHING, WHOLE),
}


@dataclass(frozen=True, slots=True)
class Terminal:
    """One terminal to register."""

    name: str
    kind: str
    space: str
    address: str


TERMINALS = (
    Terminal(FRIDGE, "fridge", "lorawan", "A84041FFFF00A001"),
    Terminal(FIELD, "field", "sigfox", "1F13FC2"),
    Terminal(HOUSE, "house", "lorawan", "0004A30B00AA0001"),
    Terminal(PUMP, "pump", "generic", "pump-1"),
    Terminal(TRAP, "trap", "lorawan", "A84041FFFF00A002"),
    *(
        Terminal(name, "fridge", "lorawan", f"A84041FFFF00B00{number}")
        for number, name in enumerate(STORM)
    ),
)
UNKNOWN = Terminal(STRANGER, "fridge", "lorawan", "A84041FFFF00A003")


@dataclass(frozen=True, slots=True)
class Line:
    """A connection to make; `settings` say where a JSON message keeps what."""

    name: str
    kind: str
    settings: dict[str, str] = field(default_factory=dict)
    secret: str = ""


CHIRPSTACK, TTS, SIGFOX, PLAIN, GUARDED = "ChirpStack", "TTS", "Sigfox", "JSON", "二重の鍵"
LINES = (
    Line(CHIRPSTACK, "chirpstack"),
    Line(TTS, "tts"),
    Line(SIGFOX, "sigfox"),
    Line(PLAIN, "json"),
    Line(GUARDED, "chirpstack", secret="smoke-header-value-1"),  # noqa: S106 - of this run only
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample message that is an uplink, and the one row it must become.

    Attributes:
        line: the connection it goes over; a name not in LINES is made with `settings`.
        expected: key → the value as the table shows it.
        path: what the network adds to the address.
        fill: changes the message where the sample has placeholders.
    """

    file: str
    line: str
    terminal: Terminal
    expected: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)
    fill: Callable[[bytes], bytes] = bytes
    path: str = ""


def fill_beam(body: bytes) -> bytes:
    """SORACOM's sample hides the device."""
    return body.replace(b"XXXXXX", b"1F13FC3")


def fill_classic(body: bytes) -> bytes:
    """The sample is the template that the Sigfox backend fills in."""
    known = {"device": "4D9A51", "time": "1700000001", "data": "00780064", "seqNumber": "77"}
    known |= {"duplicate": "false", "snr": "12.48", "station": "5859", "avgSnr": "null"}
    known |= {"lat": "35.0", "lng": "139.0", "rssi": "-133.00", "ack": "false"}
    return json.dumps({name: known[name] for name in json.loads(body)}).encode()


def lorawan(name: str, address: str, kind: str = "any") -> Terminal:
    """The LoRaWAN terminal of a sample."""
    return Terminal(name, kind, "lorawan", address)


SAMPLES = (
    Sample(
        "chirpstack4_up_docs",
        CHIRPSTACK,
        lorawan("見本 ChirpStack", "0101010101010101"),
        {"first": "170", "length": "1"},
        path="?event=up",
    ),
    Sample(
        "tts3_up_docs",
        TTS,
        lorawan("見本 TTS", "0004A30B001C0530", "house"),
        {"temperature": "1.0", "luminosity": "0.64"},
        path="/up",
    ),
    Sample(
        "tts3_up_real_storage_2023",
        TTS,
        lorawan("見本 TTS 2023", "A8404194A1875FF3", "soil"),
        {"Bat": "3.384", "temp_SOIL": "30.11", "water_SOIL": "0.00"},
        path="/up",
    ),
    Sample(
        "sigfox_uplink_classic",
        SIGFOX,
        Terminal("見本 Sigfox", "field", "sigfox", "4D9A51"),
        {"level": "120", "battery": "0"},
        fill=fill_classic,
        path="/uplink",
    ),
    Sample(
        "sigfox_soracom_beam",
        SIGFOX,
        Terminal("見本 SORACOM", "beam", "sigfox", "1F13FC3"),
        {"tmp": "28.5", "vlt": "3.3", "ctr": "8"},
        fill=fill_beam,
    ),
    Sample(
        "sigfox_api_v2_message",
        "Sigfox API",
        Terminal("見本 Sigfox API", "any", "generic", "XXXXXX"),
        {"first": "1", "length": "8"},
        {
            "id": "data[0].device.id",
            "time": "data[0].time",
            "payload": "data[0].data",
            "payload_encoding": "hex",
        },
    ),
    Sample(
        "aws_iot_lorawan",
        "AWS",
        Terminal("見本 AWS", "any", "generic", "5b58245e-146c-4c30-9703-0ca942e3ff35"),
        {"first": "9", "length": "11"},
        {
            "id": "WirelessDeviceId",
            "payload": "PayloadData",
            "payload_encoding": "base64",
            "counter": "WirelessMetadata.LoRaWAN.FCnt",
        },
    ),
    Sample(
        "helium_legacy_console",
        "Helium",
        lorawan("見本 Helium", "1C29FBD1D2084E21"),
        {"first": "72", "length": "13"},
        {
            "id": "dev_eui",
            "payload": "payload",
            "payload_encoding": "base64",
            "counter": "fcnt",
            "space": "lorawan",
        },
    ),
    Sample(
        "iij_kiwi_gateway",
        "KIWI",
        lorawan("見本 KIWI", "000B78FFFE4C15C3"),
        {"first": "18", "length": "2"},
        {
            "id": "deveui",
            "time": "time",
            "payload": "data",
            "payload_encoding": "hex",
            "space": "lorawan",
        },
    ),
    Sample(
        "loriot_rx",
        "LORIOT",
        lorawan("見本 LORIOT", "0102030405060708"),
        {"first": "1", "length": "4"},
        {
            "id": "EUI",
            "time": "ts",
            "payload": "data",
            "payload_encoding": "hex",
            "space": "lorawan",
        },
    ),
    Sample(
        "milesight_gateway",
        "Milesight",
        lorawan("見本 Milesight", "24E124527F418093"),
        {"first": "14", "length": "9"},
        {
            "id": "devEUI",
            "time": "time",
            "payload": "data",
            "payload_encoding": "base64",
            "space": "lorawan",
        },
    ),
    Sample(
        "senseway_rx",
        "Senseway",
        lorawan("見本 Senseway", "000B78FFFE0515E9"),
        {"first": "2", "length": "10"},
        {
            "id": "mod.devEUI",
            "time": "gw[0].date",
            "payload": "mod.data",
            "payload_encoding": "hex",
            "space": "lorawan",
        },
    ),
    Sample(
        "thingpark_uplink_2018",
        "ThingPark",
        lorawan("見本 ThingPark", "0018B20000000B20"),
        {"first": "158", "length": "14"},
        {
            "id": "DevEUI_uplink.DevEUI",
            "time": "DevEUI_uplink.Time",
            "payload": "DevEUI_uplink.payload_hex",
            "payload_encoding": "hex",
            "space": "lorawan",
        },
    ),
)
EVENTS = (
    ("chirpstack4_join_docs", "join"),
    ("chirpstack4_ack_docs", "ack"),
    ("chirpstack4_txack_docs", "txack"),
    ("chirpstack4_status_docs", "status"),
    ("chirpstack4_location_docs", "location"),
    ("chirpstack4_log_docs", "log"),
    ("chirpstack4_integration_docs", "integration"),
)


def filled(one: Sample) -> bytes:
    """The message as it is posted."""
    return one.fill(sample(one.file))
