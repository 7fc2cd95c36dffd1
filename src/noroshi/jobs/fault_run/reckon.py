"""After the run: what senders were told, against what is stored, judged and mailed."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg

from noroshi.jobs.fault_run.load import Sent
from noroshi.jobs.fault_run.mail import MoodyPostOffice

LIMIT, MARGIN = 10.0, 1.0
WRONG_SHOWN = 5
UPLINKS = """
SELECT d.name, u.counter FROM readings_uplink u JOIN devices_device d ON d.id = u.device_id
WHERE u.event = 'up' ORDER BY d.name, u.sent_at
"""
READINGS = """
SELECT d.name, r.value FROM readings_reading r JOIN readings_series s ON s.id = r.series_id
JOIN devices_device d ON d.id = s.device_id WHERE s.key = 'temperature' ORDER BY d.name, r.at
"""
INCIDENTS = """
SELECT d.name, i.opened_value, i.closed_value FROM alarms_incident i
JOIN devices_device d ON d.id = i.device_id ORDER BY d.name, i.opened_at
"""
MAILS = "SELECT message_id, state, about FROM outbox_message WHERE kind LIKE 'incident%%'"
WAITING = """
SELECT (SELECT count(*) FROM inbox_entry e JOIN inbox_watermark w ON w.slice = e.slice
    WHERE e.id > w.entry_id),
  (SELECT count(*) FROM outbox_message WHERE state = 'waiting')
"""
ENTRIES = "SELECT count(*) FROM inbox_entry"
TRIES = "SELECT outcome, count(*) FROM outbox_delivery GROUP BY outcome"
TROUBLES = "SELECT kind, reason, detail FROM inbox_exception"
# As a person who presses "send again": nobody wants to wait for the hours of the back-off.
HASTEN = "UPDATE outbox_message SET due_at = now() WHERE state = 'waiting' AND due_at > now()"


@dataclass(frozen=True, slots=True)
class Books:
    """All that the database says."""

    counters: Mapping[str, list[int]]  # device → of its uplinks, in order of their time
    values: Mapping[str, list[float]]  # device → its temperatures, in order of their time
    incidents: Mapping[str, list[tuple[float, float | None]]]  # device → opened, closed
    mails: Mapping[str, str]  # Message-ID → state
    entries: int
    troubles: list[tuple[str, str, str]]
    tries: Mapping[str, int]  # how tries to send a mail ended → how many


def waiting(url: str, *, hasten: bool) -> tuple[int, int]:
    """How many entries wait for the spine, and how many mails for the sender."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        if hasten:
            connection.execute(HASTEN)
        entries, mails = connection.execute(WAITING).fetchone() or (0, 0)
    return int(entries), int(mails)


def books(url: str) -> Books:
    """Read all of it."""
    counters, values, incidents = defaultdict(list), defaultdict(list), defaultdict(list)
    with psycopg.connect(url, connect_timeout=5) as connection:
        for name, counter in connection.execute(UPLINKS):
            counters[name].append(counter)
        for name, value in connection.execute(READINGS):
            values[name].append(round(value, 1))
        for name, opened, closed in connection.execute(INCIDENTS):
            incidents[name].append((opened, closed))
        mails = {name: state for name, state, _ in connection.execute(MAILS)}
        row = connection.execute(ENTRIES).fetchone()
        troubles = [(str(a), str(b), str(c)) for a, b, c in connection.execute(TROUBLES)]
        tries = {str(outcome): int(count) for outcome, count in connection.execute(TRIES)}
    entries = int(row[0]) if row else 0
    return Books(counters, values, incidents, mails, entries, troubles, tries)


def stored_wrong(found: Books, sent: Mapping[str, Sent]) -> list[str]:
    """Uplinks that were told yes and are not there, or are there twice, or were never sent."""
    wrong = []
    for name, mine in sent.items():
        counts = Counter(found.counters.get(name, []))
        lost = sorted(mine.told - counts.keys())
        twice = sorted(number for number, count in counts.items() if count > 1)
        strange = sorted(counts.keys() - mine.values.keys())
        for what, which in (("lost", lost), ("twice", twice), ("never sent", strange)):
            if which:
                wrong.append(f"{name}: {len(which)} {what}: {which[:WRONG_SHOWN]}")
    total = sum(map(len, found.counters.values()))
    if found.entries != total:
        wrong.append(f"{found.entries} entries in the journal became {total} uplinks")
    wrong += [f"on the exception list: {' '.join(one)}" for one in found.troubles[:WRONG_SHOWN]]
    return wrong


def readings_wrong(found: Books, sent: Mapping[str, Sent]) -> list[str]:
    """Uplinks whose reading is missing, doubled or another."""
    wrong = []
    for name, mine in sent.items():
        numbers = sorted(found.counters.get(name, []))
        wanted = [round(mine.values[one], 1) for one in numbers if one in mine.values]
        seen = found.values.get(name, [])
        if seen != wanted:
            wrong.append(f"{name}: {len(seen)} readings for {len(wanted)} uplinks, or others")
    return wrong


def judged_wrong(found: Books) -> list[str]:
    """Crossings that are no incident, or incidents that were none."""
    wrong = []
    for name, values in found.values.items():
        wanted, seen = crossings(values), found.incidents.get(name, [])
        if seen != wanted:
            differ = [pair for pair in zip(wanted, seen, strict=False) if pair[0] != pair[1]]
            wrong.append(
                f"{name}: {len(seen)} incidents for {len(wanted)} crossings {differ[:WRONG_SHOWN]}"
            )
    return wrong


def crossings(values: Sequence[float]) -> list[tuple[float, float | None]]:
    """What a limit of LIMIT with MARGIN makes of a series: opened and closed values."""
    found: list[tuple[float, float | None]] = []
    for value in values:
        is_open = bool(found) and found[-1][1] is None
        if is_open and value <= LIMIT - MARGIN:
            found[-1] = (found[-1][0], value)
        elif not is_open and value > LIMIT:
            found.append((value, None))
    return found


def mailed_wrong(found: Books, office: MoodyPostOffice) -> list[str]:
    """Transitions without their mail, mails that never came, or came under two faces."""
    pairs = [pair for rows in found.incidents.values() for pair in rows]
    transitions = len(pairs) + sum(closed is not None for _, closed in pairs)
    wrong = []
    if len(found.mails) != transitions:
        wrong.append(f"{len(found.mails)} mails for {transitions} transitions")
    lost = [
        name for name, state in found.mails.items() if state == "sent" and not office.taken[name]
    ]
    waits = [name for name, state in found.mails.items() if state == "waiting"]
    given_up = sum(state == "given_up" for state in found.mails.values())
    strange = [name for name in office.taken if office.taken[name] and name not in found.mails]
    faces = [name for name, faces in office.contents.items() if len(faces) > 1]
    for what, which in (
        ("said to be sent and never came", lost),
        ("still wait", waits),
        ("came and were never written", strange),
        ("came with two contents", faces),
    ):
        if which:
            wrong.append(f"{len(which)} mails {what}: {which[:WRONG_SHOWN]}")
    if given_up > sum(office.refused.values()):
        wrong.append(f"{given_up} mails given up, {sum(office.refused.values())} were refused")
    return wrong


def repeats(office: MoodyPostOffice) -> int:
    """How many mails came once more than needed."""
    return sum(count - 1 for count in office.taken.values() if count > 1)
