"""The way of a day: uplinks come in, and what people see of them over their own doors."""

import base64
import gzip
import json
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from noroshi.jobs.smoking import cast, network
from noroshi.jobs.smoking.network import Network
from noroshi.jobs.smoking.office import Office
from noroshi.jobs.smoking.post_office import PostOffice, Received
from noroshi.jobs.smoking.report import Report
from noroshi.jobs.smoking.tenant import Tenant, rows_of

BODY_BYTES_MAX = 64 << 10
TEMPERATURES = (4.5, 5.0, 11.0, 12.5, 9.5, 4.2)  # over 10, still over with a margin of 1, back
LIMIT = 10.0
NOTES = {0: b"=1+2", 1: b"caf\xe9"}
LEVELS = (50, 1, 2, 60)  # below 2 is an alarm, until 2.5
STEP = timedelta(seconds=10)


@dataclass
class World:
    """Everybody of the story, and what they know of each other."""

    report: Report
    office: Office
    tenant: Tenant
    mailbox: PostOffice
    lines: dict[str, Network] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    refused: int = 0  # how many the inbox must show


def tell(world: World, gate: str) -> None:
    """All of it but the crash."""
    samples(world)
    refusals(world, gate)
    fridge(world)
    water_level(world)
    greenhouse_and_pump(world)
    downlink(world)
    stranger(world)
    mended_codec(world)
    files(world)
    incidents_and_mails(world)
    inbox(world)


def samples(world: World) -> None:
    """Every sample message that is an uplink becomes one row, however often it comes."""
    report = world.report
    for one in cast.SAMPLES:
        body, line = cast.filled(one), world.lines[one.line]
        answers = [line.post(body, one.path).status for _ in range(3)]
        report.same(f"gate takes {one.file}, and twice more the same", answers, [200] * 3)
    for one in cast.SAMPLES:
        code = world.codes[one.terminal.name]
        names = {q.key: titled(q) for q in cast.KINDS[one.terminal.kind].quantities}
        wanted = [{names[key]: words for key, words in one.expected.items()}]

        def seen(code: str = code, wanted: list[dict[str, str]] = wanted) -> object:
            rows = world.tenant.table(code)
            return [{n: w for n, w in row.items() if n in wanted[0]} for row in rows]

        report.becomes(f"table of {one.terminal.name} has {said(one.expected)} once", seen, wanted)
        count = len(world.tenant.uplinks(code))
        report.same(f"uplinks of {one.terminal.name}: one", count, 1)
    events(world)


def events(world: World) -> None:
    """What a network tells besides uplinks is taken once, too."""
    line, code = world.lines[cast.CHIRPSTACK], world.codes[cast.SAMPLES[0].terminal.name]
    for file, event in cast.EVENTS:
        body = network.sample(file)
        answers = [line.post(body, f"?event={event}").status for _ in range(2)]
        world.report.same(f"gate takes the event {event} twice", answers, [200] * 2)
    world.report.becomes(
        "the sample terminal has its uplink and each of its events once",
        lambda: len(world.tenant.uplinks(code)),
        1 + cast.EVENTS_OF_SAMPLE,
    )


def refusals(world: World, gate: str) -> None:
    """What the gate does not take, and what it takes but cannot be read."""
    report, line = world.report, world.lines[cast.CHIRPSTACK]
    up = network.chirpstack("A84041FFFF00A001", datetime.now(UTC), 1, "AA==")
    guarded = world.lines[cast.GUARDED]
    stranger = Network(f"{gate}/in/{'x' * 32}")
    large = b" " * (BODY_BYTES_MAX + 1)
    packed = gzip.compress(json.dumps(up).encode())
    report.same("a body over 64 kB: 413", line.post(large, "?event=up").status, 413)
    report.same("an unknown address: 404", stranger.post(up).status, 404)
    report.same("no second factor: 401", Network(guarded.address).post(up).status, 401)
    wrong = Network(guarded.address, {cast.FACTOR_HEADER: "wrong"})
    report.same("a wrong second factor: 401", wrong.post(up).status, 401)
    answer = line.post(packed, "?event=up", Content_Encoding="gzip")
    report.same("a packed body: 415", answer.status, 415)
    ping = network.sample("chirpstack4_status_docs")
    answer = guarded.post(ping, "?event=status")
    report.same("the right second factor: 200", answer.status, 200)
    for what, name, body in (
        ("no JSON", cast.CHIRPSTACK, b"\x00\xffnot json"),
        ("an empty body", cast.TTS, b""),
        ("a template nobody filled in", cast.SIGFOX, network.sample("sigfox_uplink_classic")),
    ):
        answers = [world.lines[name].post(body).status for _ in range(2)]
        report.same(f"{what}: kept, 200, twice", answers, [200] * 2)
        world.refused += 1


def fridge(world: World) -> None:
    """A cold store over ChirpStack: values, a limit broken and mended."""
    report, line, code = world.report, world.lines[cast.CHIRPSTACK], world.codes[cast.FRIDGE]
    began = datetime.now(UTC) - STEP * len(TEMPERATURES)
    for number, celsius in enumerate(TEMPERATURES):
        at = began + STEP * number
        body = fridge_uplink("A84041FFFF00A001", at, number, celsius, NOTES.get(number, b""))
        answers = [line.post(body, "?event=up").status for _ in range(2)]
        report.same(f"gate takes {celsius} ℃, and once more the same", answers, [200] * 2)
    wanted = list(TEMPERATURES)
    look = world.tenant.points
    report.becomes("chart.json draws each value once", lambda: look(code, "temperature"), wanted)
    page = world.tenant.device(code)
    report.holds("device page shows 4.2 ℃", is_good=page.shows("4.2℃"), seen=page.text)
    table = world.tenant.table(code)
    seen = [row.get("庫内温度 ℃") for row in table]
    beyond = " 上限・下限の外"
    told = [f"{one:.1f}{beyond if one > LIMIT else ''}" for one in TEMPERATURES]
    report.same("table shows each value once, those beyond marked", seen, told)
    notes = [row["メモ"] for row in table if "メモ" in row]
    report.same("table shows the texts", notes, ["=1+2", "café"])
    report.same("each uplink once", len(world.tenant.uplinks(code)), len(TEMPERATURES))


def water_level(world: World) -> None:
    """A paddy field over Sigfox: the callbacks of one message are one uplink."""
    report, line, code = world.report, world.lines[cast.SIGFOX], world.codes[cast.FIELD]
    now = datetime.now(UTC)
    for number, level in enumerate(LEVELS):
        at = now - STEP * (len(LEVELS) - number)
        body = network.sigfox("1F13FC2", at, 100 + number, struct.pack(">hB", level, 36).hex())
        advanced = {
            "device": "1F13FC2",
            "time": str(int(at.timestamp())),
            "seqNumber": 100 + number,
            "data": body["data"],
            "lqi": "Good",
            "operatorName": "SIGFOX_Japan_KCCS",
            "countryCode": "392",
            "computedLocation": {"lat": 35.5, "lng": 139.57, "radius": 8500, "source": 2},
        }
        answers = [line.post(body, "/uplink").status, line.post(advanced, "/advanced").status]
        answers.append(line.post(body, "/uplink").status)
        report.same(f"gate takes {level} cm as UPLINK, ADVANCED, UPLINK", answers, [200] * 3)
    look = world.tenant.points
    wanted = [float(level) for level in LEVELS]
    report.becomes("chart.json draws each level once", lambda: look(code, "level"), wanted)
    report.becomes(
        "UPLINK and ADVANCED of one message are one uplink",
        lambda: len(world.tenant.uplinks(code)),
        len(LEVELS),
    )


def greenhouse_and_pump(world: World) -> None:
    """Fields decoded by The Things Stack, and Cayenne LPP over plain JSON."""
    report, now = world.report, datetime.now(UTC)
    line, code = world.lines[cast.TTS], world.codes[cast.HOUSE]
    for number, celsius in enumerate((18.5, 19.0, 19.5)):
        at = now - STEP * (3 - number)
        body = network.tts("0004A30B00AA0001", at, number, {"temperature": celsius})
        answers = [line.post(body, "/up").status for _ in range(2)]
        report.same(f"gate takes {celsius} ℃ of The Things Stack twice", answers, [200] * 2)
    look = world.tenant.points
    wanted = [18.5, 19.0, 19.5]
    report.becomes("chart.json draws each of them", lambda: look(code, "temperature"), wanted)
    line, pump = world.lines[cast.PLAIN], world.codes[cast.PUMP]
    body = {"id": "pump-1", "time": network.stamp(now), "payload": "03670110056700FF"}
    report.same("gate takes Cayenne LPP in JSON", line.post(body).status, 200)
    report.becomes("chart.json has 27.2 ℃", lambda: look(pump, "temperature_3"), [27.2])
    report.same("25.5 ℃ beside it", look(pump, "temperature_5"), [25.5])


def downlink(world: World) -> None:
    """A BIDIR callback is answered with what a person queued, once."""
    report, line, code = world.report, world.lines[cast.SIGFOX], world.codes[cast.FIELD]
    page = world.tenant.who.get(f"/d/{code}/downlinks/")
    world.tenant.who.send(page, {"payload": "01 02 03 04 05 06 07 08"})
    now = datetime.now(UTC)
    ask = network.sigfox("1F13FC2", now, 200, "003c24") | {"ack": "true"}
    wanted = {"1F13FC2": {"downlinkData": "0102030405060708"}}
    first = line.post(ask, "/bidir")
    report.same(
        "BIDIR is answered with the queued bytes", (first.status, first.json), (200, wanted)
    )
    again = line.post(ask, "/bidir")
    report.same("BIDIR repeated: the same answer", (again.status, again.json), (200, wanted))
    later = network.sigfox("1F13FC2", datetime.now(UTC), 201, "003d24") | {"ack": "true"}
    report.same("BIDIR with nothing queued: 204", line.post(later, "/bidir").status, 204)
    rows = world.tenant.who.get(f"/d/{code}/downlinks/").rows()
    seen = [row[2] for row in rows]
    report.same("the page shows the bytes handed over, once", seen, ["ネットワークへ渡した"])
    acknowledged = {"device": "1F13FC2", "time": stamp_s(now), "infoCode": "0"}
    acknowledged |= {"infoMessage": "Acked", "downlinkAck": "true", "downlinkOverusage": "false"}
    answers = [line.post(acknowledged, "/acknowledge").status for _ in range(2)]
    report.same("ACKNOWLEDGE is taken twice", answers, [200] * 2)

    def state() -> object:
        return [row[2][:5] for row in world.tenant.who.get(f"/d/{code}/downlinks/").rows()]

    report.becomes("the page shows that it was sent", state, ["送信された"])


def stranger(world: World) -> None:
    """A terminal nobody registered waits in the inbox, and runs when it is registered."""
    report, line = world.report, world.lines[cast.CHIRPSTACK]
    at = datetime.now(UTC) - STEP
    for number, celsius in enumerate((7.0, 7.5)):
        body = fridge_uplink(cast.UNKNOWN.address, at + STEP * number, number, celsius)
        report.same(
            f"gate takes {celsius} ℃ of a stranger", line.post(body, "?event=up").status, 200
        )
    office = world.office
    wanted = [cast.UNKNOWN.address] * 2
    report.becomes("the office sees them waiting", lambda: office.waiting(wanted[0]), wanted)
    office.register(cast.UNKNOWN, cast.TENANT)
    world.codes |= world.tenant.codes()
    code = world.codes[cast.STRANGER]
    look = world.tenant.points
    report.becomes("registered: both are there", lambda: look(code, "temperature"), [7.0, 7.5])
    report.becomes("nothing waits any more", lambda: office.waiting(wanted[0]), [])


def mended_codec(world: World) -> None:
    """A decoder that fails keeps its uplinks in the inbox until it is mended and they run again."""
    report, line, code = world.report, world.lines[cast.CHIRPSTACK], world.codes[cast.TRAP]
    at = datetime.now(UTC)
    body = network.chirpstack("A84041FFFF00A002", at, 1, "KgA=")
    report.same("gate takes what the decoder will refuse", line.post(body, "?event=up").status, 200)
    office = world.office
    report.becomes("the inbox shows one failure", lambda: len(office.exceptions("failed")), 1)
    report.same("there is no value of it", world.tenant.points(code, "first"), [])
    office.mend_codec(cast.KINDS["trap"].name, cast.READS_ANY)
    office.run_again("failed")
    look = world.tenant.points
    report.becomes("mended and run again: 42, once", lambda: look(code, "first"), [42.0])
    report.becomes("the failure is gone", lambda: len(office.exceptions("failed")), 0)
    report.same("one uplink", len(world.tenant.uplinks(code)), 1)


def files(world: World) -> None:
    """The same values as CSV, for a new and for an old Excel."""
    report, code = world.report, world.codes[cast.FRIDGE]
    body = world.tenant.csv(code, "utf-8-sig")
    report.same("CSV begins with a BOM", body[:3], b"\xef\xbb\xbf")
    rows = rows_of(body, "utf-8-sig")
    head = ["日時", "庫内温度(℃)", "湿度(%)", "扉", "メモ"]
    report.same("CSV names quantities and units", rows[0], head)
    seen = [row[1] for row in rows[1:]]
    report.same("CSV has each value once", seen, [f"{one:.1f}" for one in TEMPERATURES])
    formula = rows[1][4]
    report.holds(
        "CSV defuses a formula", is_good=formula[:1] != "=" and "=1+2" in formula, seen=rows
    )
    page = world.tenant.who.get("/export/")
    report.holds(
        "the form of the export opens", is_good="<form" in page.body.decode(), seen=page.text
    )
    old = rows_of(world.tenant.csv(code, "cp932", accepted=True), "cp932")
    report.same("CSV in CP932 has the same values", [row[1] for row in old[1:]], seen)
    report.same("CSV in CP932 marks the letter it lacks", old[2][4], "caf〓")


def incidents_and_mails(world: World) -> None:
    """Each crossing is one incident and one mail a person, each way."""
    report, tenant = world.report, world.tenant
    for name in (cast.FRIDGE, cast.FIELD):

        def look_over(code: str = world.codes[name]) -> object:
            return ["発生中" not in row[5] for row in tenant.incidents(code)]

        report.becomes(f"one incident of {name}, over", look_over, [True])
    worst = [row[3] for row in tenant.incidents(world.codes[cast.FRIDGE])]
    report.holds("it was worst at 12.5 ℃", is_good="12.5" in worst[0], seen=worst)
    report.same("no other incident", len(tenant.incidents()), 2)
    wanted = (
        sorted(address for _, address, _ in cast.PEOPLE for _ in range(2)) + [cast.PEOPLE[0][1]] * 2
    )
    look = world.mailbox
    report.becomes(
        "the mail server got each mail once",
        lambda: sorted(mail.to for mail in look.mails),
        sorted(wanted),
    )
    check_mails(world, look.mails)
    log = tenant.mails()
    asked = len(cast.PEOPLE)  # each recipient was asked before
    report.same("the mail log has as many rows", len(log), len(wanted) + asked)
    unsent = [row for row in tenant.mails() if "送信済" not in row[3]]
    report.same("all of them sent", unsent, [])


def check_mails(world: World, mails: list[Received]) -> None:
    """Ids, words and links of what came."""
    report = world.report
    ids = [mail.message_id for mail in mails]
    report.same("each with an id of its own", len(set(ids)), len(ids))
    japanese = [m.subject for m in mails if m.to == cast.PEOPLE[0][1] and cast.FRIDGE in m.subject]
    opened = [words for words in japanese if words.startswith("【上限警報】") and "11.0" in words]
    over = [words for words in japanese if words.startswith("【復帰】") and "4.2" in words]
    report.same("in Japanese: the alarm, the recovery", (len(opened), len(over)), (1, 1))
    english = [m.subject for m in mails if m.to == cast.PEOPLE[1][1]]
    told = sorted(words.split("]")[0] for words in english)
    report.same("in English: the alarm, the recovery", told, ["[High alarm", "[Recovered"])
    link = f"{world.tenant.who.base}/d/{world.codes[cast.FRIDGE]}/"
    of_fridge = [mail for mail in mails if cast.FRIDGE in mail.subject]
    report.same("each leads to the device", [link in m.body for m in of_fridge], [True] * 4)


def inbox(world: World) -> None:
    """What could not be read is in the office's inbox, each once, with its reason."""
    office = world.office
    world.report.becomes(
        "the inbox has each refused message once",
        lambda: len(office.exceptions("refused")),
        world.refused,
    )
    page = office.open_first("refused")
    world.report.holds("one of them can be opened", is_good=page.shows("本文"), seen=page.text)
    strangers = sorted({row[2] for row in office.exceptions("unknown")})
    world.report.same("unknown terminals", strangers, cast.STRANGERS)
    for path in ("/office/", "/office/mails/", "/office/system/", "/office/history/"):
        page = office.who.get(path)
        world.report.holds(f"{path} opens", is_good=len(page.text) > 100, seen=page.text)


def fridge_uplink(
    dev_eui: str, at: datetime, count: int, celsius: float, note: bytes = b""
) -> dict[str, object]:
    """An uplink of a cold store."""
    payload = struct.pack(">hBB", round(celsius * 10), 120, 0) + note
    return network.chirpstack(dev_eui, at, count, base64.b64encode(payload).decode())


def stamp_s(at: datetime) -> str:
    """An instant as Sigfox writes it."""
    return str(int(at.timestamp()))


def titled(quantity: cast.Quantity) -> str:
    """The head of its column in the table."""
    return f"{quantity.name} {quantity.unit}" if quantity.unit else quantity.name


def said(expected: dict[str, str]) -> str:
    """Values in one short line."""
    return ", ".join(f"{key} {words}" for key, words in expected.items())
