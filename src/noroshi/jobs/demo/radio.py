"""What the networks make of a radio message: callbacks, each at its time, some of them twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from noroshi.jobs.demo import sky
from noroshi.jobs.demo.noise import Noise
from noroshi.jobs.demo.samples import payload_of
from noroshi.jobs.demo.timeline import Message
from noroshi.networks import build
from noroshi.networks.build import Coverage, Frame, Reception, Terminal

SLACK = timedelta(minutes=10)  # no callback of a message comes later than this
REPEATED_SIGFOX, REPEATED_TTS = 0.03, 0.01
REPEAT_AFTER = timedelta(seconds=60)
ACKNOWLEDGE_AFTER = timedelta(seconds=35)
BIDIR = "4D9A52"
BIDIR_EVERY, BIDIR_LIVE_EVERY = 16, 11  # messages: a few times a day, and every five minutes
REJOINS = "A840411B2C3D0011"
F_PORT = 2

# Sites of the demo: degrees, and the gateway that hears each best.
PLACES = {
    "本社工場": (35.1318, 137.0412, "24E124FFFEF10001"),
    "温室": (35.1187, 137.0655, "24E124FFFEF10002"),
    "北の田んぼ": (35.1466, 137.0583, "24E124FFFEF10003"),
    "里山": (35.1395, 137.0921, "24E124FFFEF10002"),
    "": (35.1250, 137.0500, "24E124FFFEF10002"),
}
NEIGHBOUR = ("24E124FFFEF10009", 35.1272, 137.0509)
STATIONS = ("5A1C", "5B07", "6E44", "71F2")


@dataclass(frozen=True, slots=True)
class Callback:
    """One request of a network: when it is due, whose token it uses, what follows the token."""

    due: datetime
    network: str
    address: str
    path: str
    body: bytes
    is_repeat: bool = False
    asks_downlink: bool = False


def callbacks_of(noise: Noise, message: Message) -> Iterator[Callback]:
    """Every callback that the message causes, repeats and the day's service messages included."""
    yield from _NETWORKS[message.device.network](noise, message)


def acknowledged(asked: Callback, *, answered_at: datetime) -> Callback:
    """Sigfox's word that a downlink was sent, after the answer to a BIDIR."""
    due = answered_at + ACKNOWLEDGE_AFTER
    body = build.sigfox_acknowledge(asked.address, due)
    return Callback(due, "sigfox", asked.address, "/acknowledge", body)


def garbage(at: datetime) -> tuple[Callback, Callback]:
    """What goes wrong in the field: a body cut off, and a template nobody filled in."""
    cut = f'{{"deviceInfo":{{"devEui":"a840411b2c3d0001"}},"time":"{at:%Y-%m-%dT%H:%M:%S}'.encode()
    unfilled = (
        '{"device":"{device}","time":"{time}","data":"{data}","seqNumber":"{seqNumber}",'
        f'"sent":"{at:%Y-%m-%d %H:%M}"}}'
    ).encode()
    return (
        Callback(at, "chirpstack", "", "?event=up", cut),
        Callback(at, "sigfox", "", "/uplink", unfilled),
    )


def _sigfox(noise: Noise, message: Message) -> Iterator[Callback]:
    name, at = message.device.address, message.at.replace(microsecond=0)
    seq, payload = (message.number + 17) & 0xFFF, payload_of(message.sample)
    is_bidir = name == BIDIR and _is_turn(message)
    if is_bidir:
        body = build.sigfox_bidir(name, at, payload, seq, ack=True)
    else:
        body = build.sigfox_uplink(name, at, payload, seq)
    path = "/bidir" if is_bidir else "/uplink"
    first = Callback(message.at, "sigfox", name, path, body, asks_downlink=is_bidir)
    later = timedelta(seconds=noise.between(25, 30, name, "advanced", message.number))
    covered = _coverage(noise, message)
    advanced = build.sigfox_advanced(name, at, payload, seq, covered)
    second = Callback(message.at + later, "sigfox", name, "/advanced", advanced)
    for callback in (first, second):
        yield callback
        if not is_bidir and noise.unit(name, callback.path, message.number) < REPEATED_SIGFOX:
            yield _again(callback)
    if message.of_day == 0:
        volts = message.sample.battery_mv / 1000
        celsius = round(sky.air_c(noise, at.timestamp()), 1)
        status = build.sigfox_status(name, at, seq, volts=round(volts, 2), celsius=celsius)
        yield Callback(message.at, "sigfox", name, "/status", status)


def _is_turn(message: Message) -> bool:
    """Whether this message asks for a downlink."""
    return message.number % (BIDIR_LIVE_EVERY if message.is_live else BIDIR_EVERY) == 0


def _coverage(noise: Noise, message: Message) -> Coverage:
    name, number = message.device.address, message.number
    lat, lng, _ = PLACES[message.device.site]
    level = _level(noise, message)
    heard = 1 + int(noise.between(0, 3.2, name, "stations", number))
    start = int(noise.between(0, len(STATIONS), name))
    stations = [
        (
            STATIONS[(start + place) % len(STATIONS)],
            round(-113 + 9 * level - 6 * place + noise.between(-2, 2, name, number, place), 2),
            round(17 + 5 * level - 4 * place, 2),
        )
        for place in range(min(heard, len(STATIONS)))
    ]
    words = ("Limit", "Average", "Good", "Excellent")
    lqi = words[min(3, max(0, round(1.4 + 1.2 * level + 0.4 * (heard - 2))))]
    spot = (
        round(lat + noise.between(-0.02, 0.02, name, "lat", number), 5),
        round(lng + noise.between(-0.02, 0.02, name, "lng", number), 5),
        round(noise.between(2500, 9000, name, "radius", number)),
    )
    return Coverage(lqi, stations, spot)


def _chirpstack(noise: Noise, message: Message) -> Iterator[Callback]:
    name, at = message.device.address, message.at
    f_cnt, session = message.number, ""
    is_join = message.number == 0
    if name == REJOINS:
        # It loses power every night: a new session each day, whose counter starts at 0.
        f_cnt, session = message.of_day, str(sky.moment(at.timestamp()).day)
        is_join = f_cnt == 0
    addr = f"{int(noise.between(0, 2**25, name, 'addr', session)):08x}"
    terminal = Terminal(name, message.device.name, addr)
    if is_join:
        body = build.chirpstack_join(terminal, at - timedelta(seconds=2))
        yield Callback(at - timedelta(seconds=2), "chirpstack", name, "?event=join", body)
    heard = _receptions(noise, message)
    up = build.chirpstack_up(terminal, _frame(noise, message, f_cnt), heard)
    yield Callback(at, "chirpstack", name, "?event=up", up)
    if message.of_day == 0:
        percent = round(min(100.0, max(1.0, (message.sample.battery_mv - 2900) / 7.5)), 1)
        margin = round(heard[0].snr)
        status = build.chirpstack_status(terminal, at, margin=margin, battery=percent)
        yield Callback(at, "chirpstack", name, "?event=status", status)


def _tts(noise: Noise, message: Message) -> Iterator[Callback]:
    name, at = message.device.address, message.at
    addr = f"27{int(noise.between(0, 2**24, name, 'addr')):06x}"
    terminal = Terminal(name, message.device.name, addr)
    if message.number == 0:
        joined = build.tts_join(terminal, at - timedelta(seconds=4))
        yield Callback(at - timedelta(seconds=4), "tts", name, "/join", joined)
    frame = _frame(noise, message, message.number)
    up = Callback(
        at, "tts", name, "/up", build.tts_up(terminal, frame, _receptions(noise, message))
    )
    yield up
    if noise.unit(name, "again", message.number) < REPEATED_TTS:
        yield _again(up)


def _frame(noise: Noise, message: Message, f_cnt: int) -> Frame:
    level = _level(noise, message)
    factor = min(10, max(7, round(8.2 - 1.4 * level)))
    return Frame(message.at, f_cnt, F_PORT, payload_of(message.sample), spreading_factor=factor)


def _receptions(noise: Noise, message: Message) -> list[Reception]:
    name, number = message.device.address, message.number
    lat, lng, gateway = PLACES[message.device.site]
    level = _level(noise, message)
    jitter = noise.between(-2.5, 2.5, name, "rssi", number)
    near = Reception(gateway, round(-91 + 13 * level + jitter), round(7.2 + 3 * level, 1), lat, lng)
    if noise.unit(name, "neighbour", number) > 0.35 + 0.25 * level:
        return [near]
    rssi = round(-112 + 6 * level - jitter)
    return [near, Reception(NEIGHBOUR[0], rssi, round(-4 + 4 * level, 1), *NEIGHBOUR[1:])]


def _level(noise: Noise, message: Message) -> float:
    """How well the terminal is heard at the time, about -1 to 1: its place and the weather."""
    name = message.device.address
    place = noise.between(-0.5, 0.5, name, "place")
    return place + 0.5 * noise.smooth(f"{name} link", message.at.timestamp() / (9 * sky.HOUR_S))


def _again(callback: Callback) -> Callback:
    return Callback(
        callback.due + REPEAT_AFTER,
        callback.network,
        callback.address,
        callback.path,
        callback.body,
        is_repeat=True,
    )


_NETWORKS = {"sigfox": _sigfox, "chirpstack": _chirpstack, "tts": _tts}
