"""Decoding as the rest of the house sees it: jobs in, results out in order, whatever they do."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from noroshi.codecs import cayenne, grammar, words
from noroshi.codecs.answers import answers_of, items_of, read_reply, with_line
from noroshi.codecs.downlink import (
    BadData,
    Encoded,
    Frame,
    Script,
    Wanted,
    item_of,
    not_encoded,
    read_encoded,
)
from noroshi.codecs.frames import (
    DECODE,
    DECODE_ONLY,
    ENCODE,
    ENTRY_POINTS,
    MEANING,
    NAMES,
    NORMALIZER,
    Reply,
    Request,
)
from noroshi.codecs.normalized import without_normalized
from noroshi.codecs.process import WALL_S_MAX, Worker, WorkerLost
from noroshi.codecs.result import (
    Decoded,
    Job,
    Measurement,
    failed,
    measurements_from,
)

BATCH_JOBS_MAX = 500  # uplinks in one frame
BATCH_BYTES_MAX = 128 * 1024  # payload in one frame
PAYLOAD_BYTES_MAX = 16 * 1024
SOURCE_CHARS_MAX = 128 * 1024  # the largest public codec has 101 kB
COSTLY_CPU_S = 0.1  # one uplink that takes longer counts as a costly failure, whatever it gives
FRAME_CPU_S_MAX = 1.0  # for the uplinks of one frame, when they are decoded one by one
STRIKES_MAX = 3  # costly failures after which a source rests
STRIKES_S = 60.0  # how long it rests, and how long a strike is remembered
STRIKES_KEPT_MAX = 10_000  # sources remembered

STARTS_MAX = 3  # workers started in a row before the machine is blamed, not the codec

COSTLY = frozenset({"timeout", "out_of_memory", "crashed"})
KINDS = ("javascript", "sigfox_grammar", "cayenne_lpp", "network")

# What earns strikes, each for itself: an endless normalizeUplink or encoder costs no uplink.
DECODING, NORMALIZING, SENDING = "decoding", "normalizing", "sending"

Group = tuple[int, int, str]
Key = tuple[int, int, str, str]


class NoSandbox(RuntimeError):
    """The worker process does not start on this machine: nothing is decoded, nothing is lost."""


class Sandbox:
    """Decodes jobs of every kind; JavaScript in a process of its own, started when first needed.

    Safe for several threads (one at a time). ``clock`` gives monotonic seconds.
    """

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, has_spare: bool = True
    ) -> None:
        self.clock = clock
        self.has_spare = has_spare
        self.worker: Worker | None = None
        self.spare: Worker | None = None
        self.spent_s = 0.0  # of the worker's time on the codec at hand, uplink by uplink
        self.strikes: dict[Key, list[float]] = {}
        self.lock = threading.Lock()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def decode(self, jobs: Sequence[Job]) -> list[Decoded]:
        """One result a job, in the jobs' order; a job that fails costs no other its result."""
        results: list[Decoded] = [_NOTHING] * len(jobs)
        groups: dict[Group, list[int]] = {}
        for number, job in enumerate(jobs):
            if job.kind == "javascript":
                key = (job.tenant_id, job.version_id, job.source)
                groups.setdefault(key, []).append(number)
            else:
                results[number] = decode_plain(job)
        with self.lock:
            for numbers in groups.values():
                self._decode_group(jobs, numbers, results)
        return results

    def try_source(self, source: str, payload: bytes, f_port: int | None) -> Decoded:
        """Run a source that is not saved yet on one payload, in an engine thrown away after."""
        job = Job(0, 0, "javascript", source, payload, f_port, datetime.now(UTC), None, {})
        reason = _refusal(job)
        if reason is not None:
            return reason
        with self.lock:
            self.spent_s = 0.0
            return self._decode_one(job)

    def encode(self, script: Script, wanted: Wanted) -> Encoded:
        """The bytes and port of a downlink; never raises for what a codec or its data does."""
        try:
            item = item_of(wanted)
        except BadData as why:
            return not_encoded("bad_data", str(why))
        with self.lock:
            self.spent_s = 0.0
            reply = self._ask_sending(script, ENCODE, item)
        if reply.error:
            return not_encoded(reply.error, with_line(reply.detail))
        answers = answers_of(reply)
        return read_encoded(answers[0] if len(answers) == 1 else None, wanted.f_port)

    def decode_downlinks(self, script: Script, frames: Sequence[Frame]) -> list[Decoded]:
        """What each downlink means to the codec; error no_downlink_decoder where it cannot say."""
        now = datetime.now(UTC)
        jobs = [
            Job(script.tenant_id, script.version_id, "javascript", script.source, frame.payload,
                frame.f_port, now, None, {})
            for frame in frames
        ]  # fmt: skip
        with self.lock:
            self.spent_s = 0.0
            return [
                _refusal(job)
                or read_reply(self._ask_sending(script, MEANING, items_of([job])), [job])[0]
                for job in jobs
            ]

    def entry_points(self, script: Script) -> tuple[str, ...]:
        """The functions that the source has, of those that are ever called; () when none runs."""
        with self.lock:
            self.spent_s = 0.0
            reply = self._ask_sending(script, NAMES, "[]")
        found = set(reply.results.split())
        return tuple(name for name in ENTRY_POINTS if name in found)

    def check_source(self, kind: str, source: str) -> str:
        """Return "" for a source that can be saved, else what is wrong with it, and where."""
        if kind == "sigfox_grammar":
            try:
                grammar.parse_format(source)
            except grammar.BadFormat as why:
                return words.say_bad_format(why.reason, why.position)
            return ""
        if kind != "javascript":
            return "" if kind in KINDS else words.say_error("bad_format")
        if len(source) > SOURCE_CHARS_MAX:
            return words.say_error("too_big")
        with self.lock:
            reply = self._ask(Script(0, 0, source), NAMES, "[]", 0)
        if not reply.error:
            return ""
        is_thrown = reply.error == "exception"
        return with_line(reply.detail) if is_thrown else words.say_error(reply.error)

    @property
    def capabilities(self) -> Mapping[str, str]:
        """What holds the worker in: "on" or why not, by wall. Starts the worker."""
        with self.lock:
            return dict(self._ready_worker().capabilities)

    def close(self) -> None:
        """End the processes. The sandbox may be used again; it starts new ones."""
        with self.lock:
            for worker in (self.worker, self.spare):
                if worker is not None:
                    worker.kill()
            self.worker = self.spare = None

    def _decode_group(
        self, jobs: Sequence[Job], numbers: list[int], results: list[Decoded]
    ) -> None:
        """All jobs of one codec, in frames of bounded size."""
        frame: list[int] = []
        size = 0
        for number in numbers:
            refusal = _refusal(jobs[number])
            if refusal is not None:
                results[number] = refusal
                continue
            if len(frame) == BATCH_JOBS_MAX or size > BATCH_BYTES_MAX:
                self._decode_frame(jobs, frame, results)
                frame, size = [], 0
            frame.append(number)
            size += len(jobs[number].payload)
        if frame:
            self._decode_frame(jobs, frame, results)

    def _decode_frame(
        self, jobs: Sequence[Job], numbers: list[int], results: list[Decoded]
    ) -> None:
        batch = [jobs[number] for number in numbers]
        if len(batch) > 1 and not self._is_resting(batch[0], DECODING):
            is_left_away = NORMALIZER in batch[0].source and self._is_resting(batch[0], NORMALIZING)
            reply = self._ask_jobs(batch, DECODE_ONLY if is_left_away else DECODE)
            if not reply.error or (not reply.loaded and reply.error not in COSTLY):
                for number, result in zip(numbers, read_reply(reply, batch), strict=True):
                    results[number] = without_normalized(result) if is_left_away else result
                return
        # One of them is guilty, or all: each for itself.
        self.spent_s = 0.0
        for number in numbers:
            results[number] = self._decode_one(jobs[number])

    def _decode_one(self, job: Job) -> Decoded:
        if self._is_resting(job, DECODING):
            return failed("poisoned")
        if self.spent_s > FRAME_CPU_S_MAX:
            return failed("timeout", "no time left for this codec in this batch")
        if NORMALIZER in job.source:
            return self._decode_normalizing(job)
        reply, is_costly = self._ask_one(job, DECODE)
        if is_costly:
            self._strike(job, DECODING)
        return read_reply(reply, [job])[0]

    def _decode_normalizing(self, job: Job) -> Decoded:
        """One uplink, and again without normalizeUplink when that may be what cost too much."""
        if not self._is_resting(job, NORMALIZING) and self.spent_s < FRAME_CPU_S_MAX / 2:
            reply, is_costly = self._ask_one(job, DECODE)
            if reply.error not in COSTLY:
                if is_costly:
                    self._strike(job, NORMALIZING)
                return read_reply(reply, [job])[0]
            reply, is_costly = self._ask_one(job, DECODE_ONLY)
            self._strike(job, DECODING if is_costly else NORMALIZING)
        else:
            reply, is_costly = self._ask_one(job, DECODE_ONLY)
            if is_costly:
                self._strike(job, DECODING)
        return without_normalized(read_reply(reply, [job])[0])

    def _ask_one(self, job: Job, task: str) -> tuple[Reply, bool]:
        """The answer, and whether it cost too much."""
        before_s = self.spent_s
        reply = self._ask_jobs([job], task)
        return reply, reply.error in COSTLY or self.spent_s - before_s > COSTLY_CPU_S

    def _ask_sending(self, script: Script, task: str, item: str) -> Reply:
        """One question about downlinks; its costly failures count apart from decoding's."""
        if len(script.source) > SOURCE_CHARS_MAX:
            return Reply("", "too_big", "", loaded=True, cpu_s=0.0)
        if self._is_resting(script, SENDING):
            return Reply("", "poisoned", "", loaded=True, cpu_s=0.0)
        if self.spent_s > FRAME_CPU_S_MAX:
            return Reply("", "timeout", "", loaded=True, cpu_s=0.0)
        before_s = self.spent_s
        reply = self._ask(script, task, item, 1)
        if reply.error in COSTLY or self.spent_s - before_s > COSTLY_CPU_S:
            self._strike(script, SENDING)
        return reply

    def _ask_jobs(self, jobs: Sequence[Job], task: str) -> Reply:
        first = jobs[0]
        script = Script(first.tenant_id, first.version_id, first.source)
        return self._ask(script, task, items_of(jobs), len(jobs))

    def _ask(self, script: Script, task: str, items: str, count: int) -> Reply:
        """The worker's answer; a lost worker is answered for, and replaced."""
        request = Request(
            tenant_id=script.tenant_id,
            version_id=script.version_id,
            source=_sendable(script.source),
            task=task,
            items=items,
            count=count,
            keep=script.version_id != 0,
        )
        worker = self._ready_worker()
        try:
            reply = worker.ask(request)
        except WorkerLost as why:
            self.worker = None
            self.spent_s += WALL_S_MAX
            return Reply("", why.reason, "", loaded=True, cpu_s=0.0)
        self.spent_s += worker.spent_s
        if worker.is_worn:
            worker.kill()
            self.worker = None
        return reply

    def _ready_worker(self) -> Worker:
        """A worker that lives and listens; raises NoSandbox when none will start."""
        for _try in range(STARTS_MAX):
            if self.worker is None:
                self.worker, self.spare = self.spare or Worker(), None
            if self.spare is None and self.has_spare:
                # The next one starts while this one works, so that a kill costs nobody a wait.
                self.spare = Worker()
            try:
                self.worker.wait_ready()
            except WorkerLost:
                self.worker = None
                continue
            return self.worker
        raise NoSandbox("the codec sandbox does not start; its own message stands above this one")

    def _is_resting(self, script: Script | Job, part: str) -> bool:
        strikes = self.strikes.get((script.tenant_id, script.version_id, script.source, part))
        return (
            strikes is not None
            and len(strikes) >= STRIKES_MAX
            and self.clock() - strikes[-1] < STRIKES_S
        )

    def _strike(self, script: Script | Job, part: str) -> None:
        """Note a costly failure. After its rest a source is on trial: one more and it rests."""
        key = (script.tenant_id, script.version_id, script.source, part)
        now = self.clock()
        strikes = self.strikes.pop(key, [])
        is_on_trial = len(strikes) >= STRIKES_MAX and now - strikes[-1] < 2 * STRIKES_S
        recent = strikes if is_on_trial else [at for at in strikes if now - at < STRIKES_S]
        self.strikes[key] = [*recent, now][-STRIKES_MAX:]
        while len(self.strikes) > STRIKES_KEPT_MAX:
            del self.strikes[next(iter(self.strikes))]


def check_source(kind: str, source: str) -> str:
    """Return "" for a source that can be saved, else what is wrong; in a sandbox of its own."""
    with Sandbox(has_spare=False) as sandbox:
        return sandbox.check_source(kind, source)


def try_source(source: str, payload: bytes, f_port: int | None) -> Decoded:
    """Run a JavaScript source that is not saved yet on one payload; in a sandbox of its own."""
    with Sandbox(has_spare=False) as sandbox:
        return sandbox.try_source(source, payload, f_port)


def decode_plain(job: Job) -> Decoded:
    """Decode a job that needs no JavaScript; pure."""
    if job.kind == "cayenne_lpp":
        read = cayenne.decode(job.payload)
        measurements = (Measurement(None, read.values),) if read.values else ()
        return Decoded(measurements, read.warnings, read.error, read.detail)
    if job.kind == "sigfox_grammar":
        return _decode_by_grammar(job)
    if job.kind == "network":
        if job.decoded is None:
            return failed("bad_result", "the network sent no decoded fields")
        return Decoded(*measurements_from(job.decoded, job.received_at))
    return failed("bad_format", f"unknown kind {job.kind}")


def _decode_by_grammar(job: Job) -> Decoded:
    try:
        fields = grammar.parse_format(job.source)
    except grammar.BadFormat as why:
        return failed("bad_format", str(why))
    values = grammar.decode(fields, job.payload)
    doubts = grammar.doubts(fields, job.payload)
    if not values:
        return Decoded((), doubts, "truncated", f"{len(job.payload)} bytes")
    measurements, warnings = measurements_from(values, job.received_at)
    return Decoded(measurements, doubts + warnings)


def _refusal(job: Job) -> Decoded | None:
    """A job too big to be sent to the worker at all."""
    if len(job.payload) > PAYLOAD_BYTES_MAX:
        return failed("too_big", f"payload over {PAYLOAD_BYTES_MAX} bytes")
    if len(job.source) > SOURCE_CHARS_MAX:
        return failed("too_big", f"source over {SOURCE_CHARS_MAX} characters")
    return None


def _sendable(source: str) -> str:
    """The source without lone surrogates, which no frame can carry (and no codec needs)."""
    return source if source.isascii() else source.encode("utf-8", "replace").decode("utf-8")


_NOTHING = Decoded()
