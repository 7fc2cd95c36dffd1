"""Makes rows durable: in the database as a rule, in the spool while it is away or slow."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from noroshi.base import failpoints
from noroshi.gate.row import Row
from noroshi.gate.spool import Spool, SpoolFull
from noroshi.gate.spool_format import pack
from noroshi.gate.store import RETRY_S, STATEMENT_S_MAX
from noroshi.gate.writer import Away, Refused, Writer, Written

BATCH_ROWS_MAX = 1000
WAITING_ROWS_MAX = 20_000
WAITING_BYTES_MAX = 64 << 20
SLOW_S = 1.0  # so long the database may take before the spool does
WAIT_S_MAX = 4.0  # the same without a spool; ChirpStack and The Things Stack give up after 5 s
WATCH_S = 0.1
CLOCK_S = 0.001  # the loop's clock shows no less
END_S = 1.0
ADOPT_S = 5.0  # so often a gate looks for what others left when they died
REST_S_MAX = 0.5  # so long new rows may wait until the rest of the spool is in the database

Given = TypeVar("Given")
Told = Callable[[Exception | None], None]

log = logging.getLogger(__name__)


class Full(Exception):
    """Too much waits already."""


class TooLate(Exception):
    """Neither the database nor the spool took the row in time."""


@dataclass(slots=True)
class Counts:
    """What became of the rows since the start.

    received = stored + duplicate + refused + spooled + those that still wait; what was spooled is
    counted as drained besides, once it is in the database.
    """

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    refused: int = 0
    spooled: int = 0
    drained: int = 0


class _Waiting:
    """A row, since when it waits, and who is told once what became of it."""

    __slots__ = ("is_done", "row", "since", "told")

    def __init__(self, row: Row, since: float, told: Told) -> None:
        self.row = row
        self.since = since
        self.told = told
        self.is_done = False

    def settle(self, error: Exception | None = None) -> None:
        self.is_done = True
        try:
            self.told(error)
        except Exception:
            # One answer is lost; those of all others must not be.
            log.exception("entry %s: the answer failed", self.row.key)


class Keeper:
    """Takes rows at any time and says when each is durable.

    While the spool holds anything, new rows go behind it: a device's uplinks stay in their order.
    """

    def __init__(self, writer: Writer, spool: Spool) -> None:
        """Nothing is written before `run`, and nothing goes to the spool before `belong`."""
        self.counts = Counts()
        self.is_spooling = False
        self._mark: UUID | None = None  # of the database that the rows belong to
        self._writer = writer
        self._spool = spool
        self._waiting: deque[_Waiting] = deque()
        self._batch: list[_Waiting] = []  # on its way to the database
        self._late: list[_Waiting] = []  # on its way to the spool
        self._bytes = 0
        self._more = asyncio.Event()
        self._clock = asyncio.get_running_loop().time
        self._turn = asyncio.Lock()  # of those who touch the spool
        self._speed = 0.0  # bytes/s at which the last file went from the spool to the database
        self._has_failed = False  # the spool, when it was last asked to take rows
        self._told = ""
        self._thread = ThreadPoolExecutor(1, "spool")

    @property
    def is_up(self) -> bool:
        """Whether rows would be kept now, as far as is known."""
        return self._writer.is_up or (self._spool.room > 0 and not self._has_failed)

    def put(self, row: Row) -> "asyncio.Future[None]":
        """Return a future that is done when the row, or one of the same key, is durable.

        It fails with TooLate or Refused. Raises Full.
        """
        kept = asyncio.get_running_loop().create_future()

        def settle(error: Exception | None) -> None:
            if kept.done():
                return
            if error is None:
                kept.set_result(None)
            else:
                kept.set_exception(error)

        self.take(row, settle)
        return kept

    def take(self, row: Row, told: Told) -> None:
        """Call `told` once: with None when the row, or one of the same key, is durable.

        Else with TooLate or Refused. Raises Full.
        """
        counts = self.counts
        counts.received += 1
        if len(self._waiting) >= WAITING_ROWS_MAX or self._bytes >= WAITING_BYTES_MAX:
            counts.refused += 1
            raise Full
        self._waiting.append(_Waiting(row, self._clock(), told))
        self._bytes += len(row.body)
        if not self._more.is_set():
            self._more.set()

    def figures(self) -> dict[str, int]:
        """The counts, what waits, and what lies in the spool, in bytes; all of one moment.

        Each of these is counted by itself: received = stored + duplicate + refused + spooled +
        waiting says that no row was lost on the way.
        """
        ways = (*self._waiting, *self._batch, *self._late)
        return {
            **asdict(self.counts),
            "waiting": len({id(each) for each in ways if not each.is_done}),
            "is_spooling": int(self.is_spooling),
            "spool_bytes": self._spool.size,
            "strange_bytes": self._spool.strange,
        }

    async def belong(self, mark: UUID) -> None:
        """From now on rows are of the database of this mark; open the spool that is its own.

        What waits for another database is told to come again, or stays in its own spool. Raises
        OSError when there can be no spool.
        """
        if mark == self._mark:
            return
        async with self._turn:
            if self._mark is not None:
                log.error("this is another database than before: %s, not %s", mark, self._mark)
                for each in (*self._batch, *self._take(len(self._waiting))):
                    self._fail(each, TooLate())
            self._mark = mark
            await self._aside(self._spool.open, mark)
            self._go_on_from_spool()

    async def run(self) -> None:
        """Write until cancelled; an outage is waited for."""
        works = (self._to_database(), self._to_spool(), self._to_orphans())
        sides = [asyncio.create_task(work) for work in works]
        try:
            await asyncio.gather(*sides)
        finally:
            await end(sides)
            self._writer.close()
            self._thread.shutdown()

    async def drain(self) -> None:
        """Return when nobody waits for an answer any more."""
        while self._waiting or any(not each.is_done for each in self._batch):
            await asyncio.sleep(0.01)

    # The database's side.

    async def _to_database(self) -> None:
        while True:
            if self.is_spooling:
                await self._carry_spool()
                continue
            await self._more.wait()
            # The last batch's answers leave first, and who is heard meanwhile joins this one.
            await asyncio.sleep(0)
            if not self.is_spooling:
                self._batch = self._take(BATCH_ROWS_MAX)
                await self._write_batch(self._mark)

    async def _write_batch(self, mark: UUID | None) -> None:
        while self._batch:
            try:
                written = await self._writer.write([each.row for each in self._batch], of=mark)
            except Away:
                await asyncio.sleep(RETRY_S)
                # Others are in the spool by now, or were told "try later" and will send again.
                self._batch = [each for each in self._batch if not each.is_done]
            else:
                self._settle(self._batch, written)
                self._batch = []

    def _settle(self, batch: list[_Waiting], written: Written) -> None:
        refused = {row.key for row in written.refused}
        count = 0
        for each in batch:
            if each.is_done:
                continue
            if refused and each.row.key in refused:
                self._fail(each, Refused())
            else:
                each.settle()
                count += 1
        stored = min(count, written.stored)
        self.counts.stored += stored
        self.counts.duplicate += count - stored

    async def _carry_spool(self) -> None:
        """Carry the oldest file to the database; when little is left, new rows wait for the rest.

        Else there would always be a rest.
        """
        mark = self._mark
        try:
            async with self._turn:
                file = await self._aside(self._spool.oldest)
                if self._spool.size <= self._speed * REST_S_MAX:
                    until = asyncio.get_running_loop().time() + 2 * REST_S_MAX
                    while file is not None:
                        await self._carry(file, mark, until)
                        file = await self._aside(self._spool.oldest)
                if file is None:
                    self.is_spooling = False
                    self._tell(f"spool is empty: {self.counts.drained} carried since the start")
                    return
            await self._carry(file, mark)
        except Away:
            self._speed = 0.0
            await asyncio.sleep(RETRY_S)
        except OSError as error:
            self._tell(f"spool cannot be read, trying again: {error}")
            await asyncio.sleep(RETRY_S)

    async def _carry(self, file: Path, mark: UUID | None, until: float | None = None) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        segment = await self._aside(self._spool.read, file)
        for start in range(0, len(segment.rows), BATCH_ROWS_MAX):
            rows = segment.rows[start : start + BATCH_ROWS_MAX]
            left_s = STATEMENT_S_MAX if until is None else until - loop.time()
            written = await self._writer.write(rows, of=mark, seconds_max=left_s)
            failpoints.at("gate.drain_stored")
            for row in written.refused:
                laid = await self._aside(self._spool.keep_refused, pack(row))
                log.error("entry %s is laid aside in %s", row.key, laid)
        await self._aside(self._spool.remove, file, segment)
        self.counts.drained += len(segment.rows)
        self._speed = segment.length / max(loop.time() - begun, CLOCK_S)

    async def _to_orphans(self) -> None:
        """Look for what dead gates left, whenever there is nothing of our own to carry."""
        while True:
            await asyncio.sleep(ADOPT_S)
            if self.is_spooling or not self._writer.is_up:
                continue
            try:
                async with self._turn:
                    await self._aside(self._spool.adopt)
                    self._go_on_from_spool()
            except OSError as error:
                self._tell(f"cannot look for what other gates left: {error}")

    def _go_on_from_spool(self) -> None:
        self.is_spooling = not self._spool.is_empty
        if self.is_spooling:
            self._more.set()  # whoever waits for a row looks up

    # The spool's side.

    async def _to_spool(self) -> None:
        while True:
            if self.is_spooling:
                await self._more.wait()
            else:
                await asyncio.sleep(WATCH_S)
                self._mind_late()
            async with self._turn:
                if self.is_spooling:
                    await self._spool_all()

    def _mind_late(self) -> None:
        oldest = self._batch[0] if self._batch else self._waiting[0] if self._waiting else None
        waited_s = asyncio.get_running_loop().time() - oldest.since if oldest else 0.0
        if self._spool.bytes_max and waited_s > SLOW_S:
            self.is_spooling = True
        elif waited_s > WAIT_S_MAX:
            latest = asyncio.get_running_loop().time() - WAIT_S_MAX
            late = [each for each in (*self._batch, *self._waiting) if each.since < latest]
            self._take(len(late) - sum(each.since < latest for each in self._batch))
            for each in late:
                self._fail(each, TooLate())

    async def _spool_all(self) -> None:
        """Bring all that wait to the spool, first those on their way to the database."""
        late = [each for each in self._batch if not each.is_done]
        late += self._take(len(self._waiting))
        self._late = late
        records = []
        for each in late:
            try:
                records.append(pack(each.row))
            except ValueError:
                self._fail(each, Refused())
        if not records:
            return
        try:
            await self._aside(self._spool.append, records)
        except (SpoolFull, OSError) as error:
            self._has_failed = True
            self._tell(f"spool takes nothing, senders are told to try later: {error}")
            for each in late:
                self._fail(each, TooLate())
            return
        self._has_failed = False
        self._tell("database is away or slow, uplinks go to the spool")
        for each in late:
            if not each.is_done:
                each.settle()
                self.counts.spooled += 1

    def _take(self, count: int) -> list[_Waiting]:
        waiting = self._waiting
        taken = [waiting.popleft() for _ in range(min(len(waiting), count))]
        self._bytes -= sum(len(each.row.body) for each in taken)
        if not waiting:
            self._more.clear()
        return taken

    def _tell(self, state: str) -> None:
        if state != self._told:
            log.warning("%s", state)
        self._told = state

    def _fail(self, waiting: _Waiting, reason: Exception) -> None:
        if not waiting.is_done:
            self.counts.refused += 1
            waiting.settle(reason)

    async def _aside(self, work: Callable[..., Given], *given: object) -> Given:
        """Do what touches the disk in the spool's own thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *given)


async def end(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Cancel tasks and return when they have ended; one that lost the word is told again."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=END_S)
