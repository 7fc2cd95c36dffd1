"""The spine: what came in becomes readings, incidents and mails, one transaction a batch."""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import DatabaseError, InterfaceError, OperationalError, transaction

from noroshi.alarms import watch
from noroshi.base import failpoints, news, tally
from noroshi.codecs.result import Decoded
from noroshi.codecs.sandbox import NoSandbox, Sandbox
from noroshi.devices import heartbeats
from noroshi.devices.downlinks import settle_downlinks
from noroshi.inbox import exceptions, journal
from noroshi.inbox.entry import EntryRow
from noroshi.inbox.exceptions import Trouble
from noroshi.pipeline.messages import Parsed, decode, find_devices, parse
from noroshi.pipeline.rows import beat, fate_of, new_uplink, points_of, trouble_of
from noroshi.readings import backdated, store
from noroshi.readings.fresh import KnownAlready
from noroshi.readings.store import Kept, Point
from noroshi.readings.uplinks import NewUplink, keep_uplinks

BATCH_ENTRIES_MAX = 2000  # only a backlog fills it: what a batch costs once is shared by more
AGAIN_ENTRIES_MAX = 200
PROGRAM_LIMIT = "54"  # SQLSTATE class: one message asks too much of the server, e.g. in depth

log = logging.getLogger(__name__)


def process_waiting(
    sandbox: Sandbox, *, now: datetime, slices_max: int, limit: int = BATCH_ENTRIES_MAX
) -> int:
    """Carry the next batch through; returns the number of entries handled, 0 when idle.

    1 also when there was nothing in the slices claimed: others may have something.

    Everything an entry causes and the watermark that says it is done commit together.
    """
    with transaction.atomic():
        marks = journal.claim_slices(slices_max)
        if not marks:
            return 0
        again = exceptions.claim_again(marks, limit=AGAIN_ENTRIES_MAX)
        exceptions.settle(again)
        old = journal.by_keys([row.entry_key for row in again]) if again else []
        new, read_to = journal.read_on(marks, limit=limit)
        mended = len(old) - carry_or_split(old, sandbox, now=now)
        failed = carry_or_split(new, sandbox, now=now)
        passed = {tally.DECODED: len(new) - failed + mended, tally.FAILED: failed - mended}
        tally.add(passed, slot=min(marks))
        journal.move(marks, read_to)
    failpoints.at("spine.committed")
    return len(old) + len(new) or int(read_to > min(marks.values()))


def carry_or_split(
    rows: Sequence[EntryRow], sandbox: Sandbox, *, now: datetime, is_trusting: bool = True
) -> int:
    """Carry the rows, halving until a bad one stands alone on the list; how many got there."""
    if not rows:
        return 0
    try:
        with transaction.atomic():
            return carry(rows, sandbox, now=now, is_trusting=is_trusting)
    except KnownAlready:
        return carry_or_split(rows, sandbox, now=now, is_trusting=False)
    except Exception as error:  # the one broad except of the house
        if is_of_the_machine(error):
            raise  # nobody's message is at fault: the whole batch is tried again
        if len(rows) > 1:
            half = len(rows) // 2
            failed = carry_or_split(rows[:half], sandbox, now=now)
            return failed + carry_or_split(rows[half:], sandbox, now=now)
        is_data = isinstance(error, DatabaseError)
        log.error("entry %s failed: %s", rows[0].key, error, exc_info=not is_data)
        reason = "bad_data" if is_data else "bug"
        exceptions.put([Trouble(rows[0], "failed", reason, f"{type(error).__name__}: {error}")])
        return 1


def is_of_the_machine(error: Exception) -> bool:
    """Whether trying again later may help, with the same rows."""
    if isinstance(error, OperationalError):
        code = getattr(error.__cause__, "sqlstate", None) or ""
        return not code.startswith(PROGRAM_LIMIT)
    return isinstance(error, InterfaceError | NoSandbox)


def carry(
    rows: Sequence[EntryRow], sandbox: Sandbox, *, now: datetime, is_trusting: bool = False
) -> int:
    """Parse, find, decode, store, watch, tell: the whole way; how many entries are in trouble."""
    parsed = find_devices(parse(rows))
    decoded = decode(parsed.heard, sandbox)
    failpoints.at("spine.decoded")
    kept = keep(parsed, decoded, now=now, is_trusting=is_trusting)
    watched = watch.watch(kept, beats=parsed.beats, now=now)
    if parsed.troubles:
        exceptions.put(parsed.troubles)
    tell(parsed, has_incidents=bool(watched.opened or watched.closed))
    failpoints.at("spine.told")
    return parsed.gone + len({trouble.row.key for trouble in parsed.troubles})


def keep(
    parsed: Parsed,
    decoded: Sequence[Decoded | None],
    *,
    now: datetime,
    is_trusting: bool = False,
) -> list[Kept]:
    """Write uplinks, readings and heartbeats; returns the readings the rules shall judge.

    `is_trusting`: what is younger than all that is known is not looked for before it is inserted.
    Raises KnownAlready where it was there all the same, and the savepoint is spent.
    """
    uplinks: list[NewUplink] = []
    points: list[Point] = []
    for message, result in zip(parsed.heard, decoded, strict=True):
        uplinks.append(new_uplink(message, result, now=now))
        points += points_of(message, result)
        if result is not None and result.error:
            detail = f"{result.error}: {result.detail}"
            parsed.troubles.append(trouble_of(message, "failed", "codec_failed", detail))
    heard = {one.device.id: one.device.heard_at for one in parsed.heard} if is_trusting else None
    keep_uplinks(uplinks, heard=heard)
    kept = store.keep_points(points, is_trusting=is_trusting)
    backdated.note(uplinks, points)
    if lost := store.lost(points, kept):
        over = [message for message in parsed.heard if message.device.id in lost]
        parsed.troubles += [
            trouble_of(one, "failed", "too_many_series", lost[one.device.id]) for one in over
        ]
    parsed.beats = [
        beat(message, row)
        for message, row in zip(parsed.heard, uplinks, strict=True)
        if message.is_radio
    ]
    heartbeats.hear(parsed.beats)
    settle_downlinks([fate for message in parsed.heard if (fate := fate_of(message))])
    failpoints.at("spine.downlinks_settled")
    # All are judged, also of a message that was known: its first callback may have had no payload,
    # or a codec that failed. To judge the same reading twice changes nothing. But who held the
    # thing once is told of no alarm any more.
    if parsed.ended:
        return [one for one in kept if one.point.device_id not in parsed.ended]
    return kept


def tell(parsed: Parsed, *, has_incidents: bool) -> None:
    """Wake the open pages of the tenants concerned, and the office's where something is wrong."""
    devices: dict[int, dict[str, None]] = {}
    for message in parsed.heard:
        devices.setdefault(message.device.tenant_id, {})[message.device.code] = None
    kinds = ["reading", "incident"] if has_incidents else ["reading"]
    if devices:
        news.tell_pages({tenant: list(codes) for tenant, codes in devices.items()}, kinds=kinds)
    if parsed.troubles:
        news.tell_pages({news.OFFICE: news.ANY_DEVICE}, kinds=["trouble"])
