"""Keeps programs running: starts them, restarts what dies, stops all in order, leaves no orphan."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from noroshi.jobs.running_log import RunningLog

LEASH = Path(__file__).with_name("leash.py")
RESTART_AFTER_S = (0.0, 0.5, 1.0, 2.0, 3.0)  # by the number of deaths within the window
RESTART_AFTER_SIGNAL_S_MAX = 0.2  # a killed program was well; one that fails was not
DEATHS_WINDOW_S = 30.0
STOP_S_MAX = 10.0
ROUND_S = 0.1


@dataclass(frozen=True)
class Program:
    """A program to keep running; with `is_once`, one that may end well and stay ended.

    `settings` are its own, over the environment that all share.
    """

    name: str
    argv: tuple[str, ...]
    is_once: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Child:
    """One program as it runs now, and how it fared."""

    program: Program
    log: RunningLog
    process: "subprocess.Popen[bytes] | None" = None
    pump: threading.Thread | None = None
    start_at: float = 0.0
    deaths: deque[float] = field(default_factory=deque)
    is_told: bool = False
    is_finished: bool = False


class Supervisor:
    """Runs programs as children in process groups of their own, each with its log in `log_dir`.

    `environment` is what the children share of an environment. `say` gets one line for what an
    operator should know; `echo`, where given, gets every line of output as `name | line`. Start
    and tend it from one thread only: the kernel ties a child to the thread that made it.
    """

    def __init__(
        self,
        programs: list[Program],
        *,
        log_dir: Path,
        environment: Mapping[str, str],
        say: Callable[[str], None],
        echo: Callable[[str], None] | None = None,
    ) -> None:
        log_dir.mkdir(parents=True, exist_ok=True)
        self._children = {
            program.name: _Child(program, RunningLog(log_dir / f"{program.name}.log", echo=echo))
            for program in programs
        }
        self._environment: dict[str, str] = dict(environment)
        self._say = say
        self._asked = threading.Event()
        self._asked_times = 0
        self._guard: subprocess.Popen[str] | None = None

    def listen(self) -> None:
        """From now on SIGTERM, SIGINT and SIGHUP ask to stop; a second one hurries."""

        def ask(_signal: int, _frame: FrameType | None) -> None:
            self._asked_times += 1
            self._asked.set()

        for kind in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(kind, ask)

    @property
    def is_asked_to_stop(self) -> bool:
        """Whether a signal asked to stop."""
        return self._asked.is_set()

    def process_of(self, name: str) -> int | None:
        """The process number of a program while it runs."""
        process = self._children[name].process
        return None if process is None else process.pid

    def start(self, after: Callable[[str], None] | None = None) -> None:
        """Start every program, in the order given; `after` is told each name, and may wait."""
        for name, child in self._children.items():
            self._launch(child)
            if after is not None:
                after(name)

    def tend(self) -> None:
        """One round: see who died, start again who is due; waits at most a tenth of a second."""
        now = time.monotonic()
        if self._guard is not None and self._guard.poll() is not None:
            self._start_guard()
        for child in self._children.values():
            if child.process is not None and child.process.poll() is not None:
                self._bury(child, now)
            if child.process is None and not child.is_finished and child.start_at <= now:
                self._launch(child)
        self._asked.wait(ROUND_S)

    def stop(self, order: list[str]) -> None:
        """Stop the programs named first in that order, then the others; each has ten seconds."""
        names = [name for name in order if name in self._children]
        names += [name for name in self._children if name not in names]
        for name in names:
            self._stop(self._children[name])
            self._children[name].log.close()
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
            self._guard.wait()
        self._guard = None

    def _launch(self, child: _Child) -> None:
        if self._guard is None:
            self._start_guard()
        argv = [sys.executable, "-I", "-S", str(LEASH), "tie", str(os.getpid())]
        child.process = subprocess.Popen(  # noqa: S603 - our own programs
            [*argv, *child.program.argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**self._environment, **child.program.settings},
            start_new_session=True,
        )
        self._tell_guard(f"+{child.process.pid}")
        child.pump = threading.Thread(
            target=_pump, args=(child.process.stdout, child.log), daemon=True
        )
        child.pump.start()

    def _bury(self, child: _Child, now: float) -> None:
        """Note a death, end what the program left behind, and set the time of its restart."""
        code = self._clear(child)
        if code == 0 and child.program.is_once:
            child.is_finished = True
            return
        while child.deaths and child.deaths[0] < now - DEATHS_WINDOW_S:
            child.deaths.popleft()
        if not child.deaths:
            child.is_told = False
        child.deaths.append(now)
        count = min(len(child.deaths), len(RESTART_AFTER_S))
        pause = RESTART_AFTER_S[count - 1]
        if code < 0:
            pause = min(pause, RESTART_AFTER_SIGNAL_S_MAX)
        child.start_at = now + pause
        name, why, log = child.program.name, _words_for(code), child.log
        log.add(f"-- {name} {why}; starting it again")
        if count < len(RESTART_AFTER_S):
            self._say(f"{name} {why}; starting it again")
        elif not child.is_told:
            child.is_told = True
            self._say(
                f"{name} fails again and again ({why}): {log.last_line} "
                f"(log: {log.path}); trying every {pause:g} s"
            )

    def _stop(self, child: _Child) -> None:
        process = child.process
        child.is_finished = True
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        deadline = time.monotonic() + STOP_S_MAX
        while process.poll() is None:
            if time.monotonic() > deadline or self._asked_times > 1:
                self._say(f"{child.program.name} did not stop in time; it was killed")
                break
            time.sleep(0.01)
        self._clear(child)

    def _clear(self, child: _Child) -> int:
        """Kill what is left of the program's process group and return its exit code."""
        process, pump = child.process, child.pump
        if process is None:
            return 0
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        self._tell_guard(f"-{process.pid}")
        if pump is not None:
            pump.join(timeout=1.0)
        child.process = child.pump = None
        return code

    def _start_guard(self) -> None:
        self._guard = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-I", "-S", str(LEASH), "guard"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        for child in self._children.values():
            if child.process is not None:
                self._tell_guard(f"+{child.process.pid}")

    def _tell_guard(self, line: str) -> None:
        if self._guard is not None and self._guard.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # the next round starts a new guard
                self._guard.stdin.write(line + "\n")
                self._guard.stdin.flush()


def _pump(output: IO[bytes] | None, log: RunningLog) -> None:
    if output is not None:
        with output:
            for line in output:
                log.add(line.decode("utf-8", errors="replace").rstrip())


def _words_for(code: int) -> str:
    if code < 0:
        names = {kind.value: kind.name for kind in signal.Signals}
        return f"was ended by {names.get(-code, f'signal {-code}')}"
    return f"ended with code {code}"
