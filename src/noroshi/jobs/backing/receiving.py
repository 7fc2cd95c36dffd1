"""Receive the server's log without a gap, and let commits wait for it as long as it is there."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from noroshi.jobs.backing import course, manifest, standing, strands
from noroshi.jobs.backing.course import Course, verdict
from noroshi.jobs.backing.errors import BadBackup, CannotReceive
from noroshi.jobs.backing.receiver import Receiver
from noroshi.jobs.backing.standing import Origin, Standing
from noroshi.jobs.backing.strands import Strand

NOTE_EVERY_S, FOLDER_EVERY_S = 1.0, 10.0
AGAIN_S = 1.0  # between two tries to receive
STOP_S_MAX = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """How it is, for the office; seconds and bytes.

    Attributes:
        is_streaming, is_lost: see Standing. said: why it is not received, in one line.
        is_sync: commits wait for the receiver. alone_s: since when they do not, though they should.
        behind, behind_s: what is written and not received, and since when.
        uncovered_s: since when no base backup is there from which the newest strand goes on.
        size: of the newest strand.
    """

    is_streaming: bool
    is_lost: bool
    is_sync: bool
    alone_s: float
    behind: int
    behind_s: float
    uncovered_s: float
    size: int
    said: str


class Receiving:
    """One receiver of one server; `step` is called a few times a second."""

    def __init__(self, url: str, programs: Path, folder: Path, *, is_sync: bool) -> None:
        self._url, self._folder, self._wants_sync = url, folder, is_sync
        self.receiver = Receiver(url, programs)
        self._connection: psycopg.Connection | None = None
        self._course = Course(time.monotonic())
        self._strand: Strand | None = None
        self._is_covered, self._size = False, 0
        self._note_at = self._folder_at = self._start_at = 0.0
        self._last_words = self._last_said = ""

    def step(self, now: datetime) -> Told:
        """Look, mend what can be mended, and say how it is."""
        at = time.monotonic()
        try:
            if self._connection is None:
                self._connection = standing.connect(self._url)
            seen = self._look(self._connection, now, at)
            said = "" if seen.is_streaming else self._last_words
        except (psycopg.Error, CannotReceive, OSError) as error:
            self._let_go()
            seen, said = None, " ".join(str(error).replace(self._url, "...").split())
        if said != self._last_said:
            self._last_said = said
            log.warning("%s", f"the log is not received: {said}" if said else "it is received")
        return self._told(seen, said, now, at)

    def stop(self) -> None:
        """What is written is received first, if it can be; then commits wait for nobody."""
        deadline = time.monotonic() + STOP_S_MAX
        try:
            while self._connection is not None and time.monotonic() < deadline:
                if self.receiver.pid is None or not standing.look(self._connection).behind:
                    break
                time.sleep(0.05)
            if self._connection is not None:
                standing.wait_for_nobody(self._connection)
        except psycopg.Error as error:
            log.warning("the database did not hear of the end: %s", error)
        self.receiver.stop(is_kind=True)
        self._let_go()

    def _look(self, connection: psycopg.Connection, now: datetime, at: float) -> Standing:
        seen = standing.look(connection)
        if self.receiver.pid is None:
            self._last_words = self.receiver.last_words() or self._last_words
            if at >= self._start_at:
                self._start_at = at + AGAIN_S
                self._begin(connection, seen, now)
                self._course.moved_at = at
        self._course.see(seen, at)
        self._decide(connection, seen, at)
        if self._course.stuck_s(at) > course.STUCK_S:
            self.receiver.stop(is_kind=False)  # it holds the line and does nothing
        passed = self._course.passed(seen, now)
        if passed is not None and self._strand is not None and at >= self._note_at:
            self._note_at = at + NOTE_EVERY_S
            self._strand.note(passed)
        return seen

    def _begin(self, connection: psycopg.Connection, seen: Standing, now: datetime) -> None:
        """Start the child, on the newest strand where that can be gone on with."""
        here = standing.origin(connection)
        strand = next(iter(strands.all_in(self._folder)[-1:]), None)
        if strand is None or not goes_on(strand, here, seen):
            if seen.is_lost:
                log.critical("log was lost before it was received: make a new base backup")
            standing.keep_for_receiver(connection)
            strand = strands.begin(self._folder, here.system, here.timeline, now)
            log.warning("a new strand of log begins: %s", strand.folder.name)
            self._folder_at = 0.0
        self._strand = strand
        self.receiver.start(strand.folder)

    def _decide(self, connection: psycopg.Connection, seen: Standing, at: float) -> None:
        told = verdict(self._course, seen, at, is_wanted=self._wants_sync)
        if told is True:
            standing.wait_for_receiver(connection)
            self._course.has_dropped = False
            log.info("from now on commits wait for the second copy")
        if told is False:
            standing.wait_for_nobody(connection)
            if self._wants_sync:
                self._course.has_dropped = True
                log.critical("the receiver is gone: commits go on WITHOUT the second copy")

    def _told(self, seen: Standing | None, said: str, now: datetime, at: float) -> Told:
        strand = self._strand
        if strand is not None and at >= self._folder_at:
            self._folder_at = at + FOLDER_EVERY_S
            self._is_covered, self._size = is_covered(self._folder, strand), strand.size()
        is_sync = seen is not None and seen.is_sync
        is_open = strand is not None and not self._is_covered
        return Told(
            is_streaming=seen is not None and seen.is_streaming,
            is_lost=seen is not None and seen.is_lost,
            is_sync=is_sync,
            alone_s=self._course.alone_s(at) if self._wants_sync and not is_sync else 0.0,
            behind=0 if seen is None else seen.behind,
            behind_s=self._course.behind_s(at),
            uncovered_s=(now - strand.begun_at).total_seconds() if is_open and strand else 0.0,
            size=self._size,
            said=said,
        )

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def goes_on(strand: Strand, here: Origin, seen: Standing) -> bool:
    """Whether the server still has what comes next in the strand, and it is the same log."""
    if (strand.system, strand.timeline) != (here.system, here.timeline) or seen.received is None:
        return False
    next_one = strand.next_segment(here.segment_bytes)
    return next_one is None or next_one >= seen.received // here.segment_bytes


def is_covered(folder: Path, strand: Strand) -> bool:
    """Whether the newest base backup is one from which this strand goes on."""
    try:
        bases = [one for one in manifest.all_in(folder) if one.manifest.form == "base"]
        return bool(bases) and strands.strand_of(bases[-1]) == strand
    except (BadBackup, OSError):
        return False
