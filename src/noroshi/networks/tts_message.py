"""The parts of a The Things Stack uplink, as it writes them and as others may have rewritten."""

from collections.abc import Mapping

import msgspec

from noroshi.networks import fields, lorawan
from noroshi.networks.fields import Fields
from noroshi.networks.lorawan import Spot, Whole
from noroshi.networks.uplink import Gateway, Location


class Ids(msgspec.Struct):
    """Whose message it is."""

    dev_eui: str = ""
    device_id: str = ""
    dev_addr: str = ""
    application_ids: dict[str, object] | None = None


class GatewayIds(msgspec.Struct, gc=False):
    """The gateway's name and its EUI."""

    gateway_id: str = ""
    eui: str = ""


class Broker(msgspec.Struct, gc=False):
    """The Packet Broker's part: whose gateway it really was."""

    forwarder_gateway_id: str = ""


class Rx(msgspec.Struct):
    """How one gateway heard the message; Packet Broker may hide rssi and snr."""

    gateway_ids: GatewayIds | None = None
    packet_broker: Broker | None = None
    rssi: float | None = None
    snr: float | None = None
    location: Spot | None = None

    def gateway(self) -> Gateway:
        """Return it in the words of the house."""
        name = "" if self.packet_broker is None else self.packet_broker.forwarder_gateway_id
        if not name and self.gateway_ids is not None:
            name = self.gateway_ids.gateway_id or self.gateway_ids.eui.lower()
        return lorawan.heard_by(name, self.rssi, self.snr, self.location)


class Lora(msgspec.Struct, gc=False):
    """LoRa's modulation settings."""

    bandwidth: Whole = 0
    spreading_factor: Whole = 0


class DataRate(msgspec.Struct):
    """The modulation: one of the three is present."""

    lora: Lora | None = None
    fsk: object = None
    lrfhss: object = None


class Settings(msgspec.Struct):
    """How it was sent; the frequency is Hz as text."""

    data_rate: DataRate | None = None
    frequency: str | float | None = None

    def rate(self) -> str:
        """Return "SF7 BW125", "FSK", "LR-FHSS" or ""."""
        if self.data_rate is None:
            return ""
        lora = self.data_rate.lora
        if lora is not None:
            return lorawan.data_rate(lora.spreading_factor, lora.bandwidth)
        if self.data_rate.fsk is not None:
            return "FSK"
        return "" if self.data_rate.lrfhss is None else "LR-FHSS"


class Battery(msgspec.Struct, gc=False):
    """What the device last said of its battery, percent."""

    value: float | None = None


class Version(msgspec.Struct, gc=False):
    """The model in the device repository."""

    brand_id: str = ""
    model_id: str = ""
    band_id: str = ""


class Message(msgspec.Struct):
    """The value of `uplink_message` or `uplink_normalized`."""

    session_key_id: str = ""
    f_port: Whole | None = None
    f_cnt: Whole = 0
    frm_payload: str = ""
    decoded_payload: object = None
    normalized_payload: object = None
    rx_metadata: list[Rx] = []
    settings: Settings | None = None
    received_at: str = ""
    confirmed: bool = False
    locations: dict[str, object] | None = None
    version_ids: Version | None = None
    last_battery_percentage: Battery | None = None
    app_s_key: object = None


def message_of(sent: Fields) -> Message:
    """Read an uplink whose fields have other types or cases than The Things Stack writes."""
    version = sent.inner("version_ids")
    locations = sent.raw("locations")
    return Message(
        session_key_id=sent.text("session_key_id"),
        f_port=sent.whole("f_port"),
        f_cnt=sent.whole("f_cnt") or 0,
        frm_payload=fields.as_text(sent.raw("frm_payload")),
        decoded_payload=sent.raw("decoded_payload"),
        normalized_payload=sent.raw("normalized_payload"),
        rx_metadata=[_rx_of(row) for row in sent.rows("rx_metadata")],
        settings=_settings_of(sent.inner("settings")),
        received_at=sent.text("received_at"),
        confirmed=sent.flag("confirmed") or False,
        locations=locations if isinstance(locations, dict) else None,
        version_ids=Version(
            version.text("brand_id"), version.text("model_id"), version.text("band_id")
        ),
        last_battery_percentage=Battery(sent.inner("last_battery_percentage").number("value")),
        app_s_key=sent.raw("app_s_key"),
    )


def location_of(told: Mapping[str, object]) -> Location | None:
    """Return the best of several locations: the device's own first, the register's last."""
    for name in sorted(told, key=lambda name: (name == "user", name != "frm-payload", name)):
        location = fields.place(Fields(told[name]), name[:40])
        if location is not None:
            return location
    return None


def _rx_of(row: Fields) -> Rx:
    ids, spot = row.inner("gateway_ids"), row.inner("location")
    return Rx(
        GatewayIds(ids.text("gateway_id"), ids.text("eui")),
        Broker(row.inner("packet_broker").text("forwarder_gateway_id")),
        row.number("rssi"),
        row.number("snr"),
        Spot(spot.number("latitude") or 0.0, spot.number("longitude") or 0.0),
    )


def _settings_of(sent: Fields) -> Settings:
    rate = sent.inner("data_rate")
    lora = rate.inner("lora")
    known = Lora(lora.whole("bandwidth") or 0, lora.whole("spreading_factor") or 0)
    return Settings(
        DataRate(known if lora.data else None, rate.raw("fsk"), rate.raw("lrfhss")),
        sent.number("frequency"),
    )
