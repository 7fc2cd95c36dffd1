"""The outer side of one sandbox process: start it, ask it, and kill it when it is late."""

import os
import select
import subprocess
import sys
import time
from typing import TypeVar

import msgspec

from noroshi.codecs.frames import FRAME_BYTES_MAX, LENGTH, Hello, Reply, Request, framed

READY_S_MAX = 20.0  # a start takes a tenth of a second on a quiet machine
WALL_S_MAX = 0.25  # for one frame, when the worker has had the processor
CPU_S_MAX = 0.2  # processor time that makes a late worker guilty rather than unlucky
HARD_WALL_S_MAX = 3.0  # for one frame, whatever the machine is doing
LOOK_AGAIN_S = 0.05
CPU_S_REPLACE = 60.0  # a worker that has computed for so long makes room for a fresh one

T = TypeVar("T")


class WorkerLost(Exception):
    """The worker is dead or was killed: "timeout" when it was late, else "crashed"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Worker:
    """A running sandbox process. Not for two threads at once."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-m", "noroshi.codecs.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd="/",
            env={"TZ": "UTC", "LC_ALL": "C.UTF-8"},
            start_new_session=True,  # Ctrl-C is for the parent, which still has work to finish
        )
        assert self.process.stdin is not None  # noqa: S101 - both were asked for above
        assert self.process.stdout is not None  # noqa: S101
        self.into = self.process.stdin.fileno()
        self.out = self.process.stdout.fileno()
        os.set_blocking(self.into, False)
        os.set_blocking(self.out, False)
        self.capabilities: dict[str, str] = {}
        self.cpu_s = 0.0  # of its life so far
        self.spent_s = 0.0  # of that, on the last question

    def wait_ready(self) -> None:
        """Read the greeting of a new worker; raises WorkerLost for one that died meanwhile."""
        if self.process.poll() is not None:
            self.kill()
            raise WorkerLost("crashed")
        if not self.capabilities:
            body = self._read(_Deadline(self.process.pid, READY_S_MAX, READY_S_MAX))
            self.capabilities = self._decoded(body, Hello).capabilities
            self.cpu_s = _cpu_s(self.process.pid)

    def ask(self, request: Request) -> Reply:
        """One question to a ready worker, one answer; raises WorkerLost, and then it is dead."""
        deadline = _Deadline(self.process.pid, WALL_S_MAX, HARD_WALL_S_MAX)
        self._write(framed(request), deadline)
        reply = self._decoded(self._read(deadline), Reply)
        self.spent_s, self.cpu_s = max(reply.cpu_s - self.cpu_s, 0.0), reply.cpu_s
        return reply

    @property
    def is_worn(self) -> bool:
        """Whether it has computed so long that a fresh one should take its place."""
        return self.cpu_s > CPU_S_REPLACE

    def kill(self) -> None:
        """End the process at once and wait until it is gone."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def _decoded(self, body: bytes, kind: type[T]) -> T:
        try:
            return msgspec.msgpack.decode(body, type=kind)
        except msgspec.MsgspecError as why:
            self.kill()
            raise WorkerLost("crashed") from why

    def _write(self, frame: bytes, deadline: "_Deadline") -> None:
        rest = memoryview(frame)
        while rest:
            self._wait(self.into, select.POLLOUT, deadline)
            try:
                rest = rest[os.write(self.into, rest) :]
            except BlockingIOError:
                continue
            except OSError as why:
                self.kill()
                raise WorkerLost("crashed") from why

    def _read(self, deadline: "_Deadline") -> bytes:
        head = self._read_exactly(LENGTH.size, deadline)
        size = LENGTH.unpack(head)[0]
        if size > FRAME_BYTES_MAX:
            self.kill()
            raise WorkerLost("crashed")
        return self._read_exactly(size, deadline)

    def _read_exactly(self, size: int, deadline: "_Deadline") -> bytes:
        got = bytearray()
        while len(got) < size:
            self._wait(self.out, select.POLLIN, deadline)
            try:
                part = os.read(self.out, size - len(got))
            except BlockingIOError:
                continue
            if not part:
                self.kill()
                raise WorkerLost("crashed")
            got += part
        return bytes(got)

    def _wait(self, descriptor: int, what: int, deadline: "_Deadline") -> None:
        poll = select.poll()
        poll.register(descriptor, what)
        while not poll.poll(deadline.next_look_s() * 1000):
            if deadline.has_passed():
                self.kill()
                raise WorkerLost("timeout")


class _Deadline:
    """Late means: the wall clock says so, and the worker has had the processor or no excuse."""

    def __init__(self, pid: int, wall_s: float, hard_wall_s: float) -> None:
        self.pid = pid
        self.start = time.monotonic()
        self.soft = self.start + wall_s
        self.hard = self.start + hard_wall_s
        self.cpu_start = _cpu_s(pid)

    def next_look_s(self) -> float:
        return max(self.soft - time.monotonic(), LOOK_AGAIN_S)

    def has_passed(self) -> bool:
        now = time.monotonic()
        if now >= self.hard:
            return True
        return now >= self.soft and _cpu_s(self.pid) - self.cpu_start >= CPU_S_MAX


def _cpu_s(pid: int) -> float:
    """Processor seconds that another process of ours has used (0.0 where unknown)."""
    try:
        # The kernel's number of a process's clock; clock_getcpuclockid(3) computes the same.
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0
