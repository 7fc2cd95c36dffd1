"""Breaks the running product as the plan says, and mends all of it at the end."""

import contextlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from noroshi.jobs.fault_run import plan
from noroshi.jobs.fault_run.clock import Clock
from noroshi.jobs.fault_run.disks import Disks
from noroshi.jobs.fault_run.mail import MoodyPostOffice
from noroshi.jobs.fault_run.plan import Fault
from noroshi.jobs.postgres import Embedded
from noroshi.jobs.postgres_files import users_of
from noroshi.jobs.smoking.product import Product
from noroshi.jobs.smoking.report import say

SESSION = b"postgres: noroshi"


class Driver:
    """Hits one product; `done` counts what was done by kind."""

    def __init__(
        self, product: Product, office: MoodyPostOffice, disks: Disks, clock: Clock
    ) -> None:
        self.done: Counter[str] = Counter()
        self._product, self._office = product, office
        self._disks, self._clock = disks, clock
        self._server = Embedded(product.var / "postgres")
        self._timers: list[threading.Timer] = []
        self._hits: dict[str, Callable[[Fault], bool]] = {
            plan.KILL: self._kill,
            plan.KILL_SERVER: self._kill_server,
            plan.KILL_BACKEND: self._kill_backend,
            plan.FREEZE: self._freeze,
            plan.FREEZE_BACKEND: self._freeze_backend,
            plan.MAIL: self._spoil_mail,
            plan.SPOOL_FULL: self._fill_spool,
            plan.DISK_FULL: self._fill_disk,
            plan.CLOCK: self._jump,
        }

    def drive(self, faults: Sequence[Fault]) -> None:
        """All of them at their time, a line each; one whose victim is not there is not counted."""
        began = time.monotonic()
        for fault in faults:
            time.sleep(max(0.0, began + fault.at_s - time.monotonic()))
            is_done = self._hits[fault.kind](fault)
            self.done[fault.kind] += is_done
            say(f"  {fault}{'' if is_done else ' (nobody there)'}")

    def heal(self) -> None:
        """Everything works again from now on."""
        for timer in self._timers:
            timer.cancel()
        for pid in [*self._product.pids().values(), *users_of(self._server.place.cluster)]:
            _signal(pid, signal.SIGCONT)
        self._disks.make_room()
        self._office.be("")
        if self._clock.environment:
            self._clock.jump(0.0)

    def _later(self, seconds: float, work: Callable[[], object]) -> None:
        timer = threading.Timer(seconds, work)
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    def _kill(self, fault: Fault) -> bool:
        return _signal(self._product.pids().get(fault.victim), signal.SIGKILL)

    def _kill_server(self, _fault: Fault) -> bool:
        return _signal(self._server.status.pid, signal.SIGKILL)

    def _kill_backend(self, fault: Fault) -> bool:
        return _signal(self._session(fault.draw), signal.SIGKILL)

    def _freeze(self, fault: Fault) -> bool:
        return self._stop_for(self._product.pids().get(fault.victim), fault.lasts_s)

    def _freeze_backend(self, fault: Fault) -> bool:
        return self._stop_for(self._session(fault.draw), fault.lasts_s)

    def _stop_for(self, pid: int | None, seconds: float) -> bool:
        self._later(seconds, lambda: _signal(pid, signal.SIGCONT))
        return _signal(pid, signal.SIGSTOP)

    def _spoil_mail(self, fault: Fault) -> bool:
        self._office.be(fault.victim)
        self._later(fault.lasts_s, lambda: self._cheer_up(fault.victim))
        return True

    def _cheer_up(self, mood: str) -> None:
        """Over, unless another mood came meanwhile."""
        if self._office.mood == mood:
            self._office.be("")

    def _fill_spool(self, fault: Fault) -> bool:
        """Full while the database is away too: else nobody would notice."""
        self._disks.fill("spool")
        self._later(fault.lasts_s, self._disks.make_room)
        return self._kill_server(fault)

    def _fill_disk(self, fault: Fault) -> bool:
        self._disks.fill("postgres")
        self._later(fault.lasts_s, self._disks.make_room)
        return True

    def _jump(self, fault: Fault) -> bool:
        self._clock.jump(fault.lasts_s)
        return True

    def _session(self, draw: float) -> int | None:
        """One of the sessions that the programs have now."""
        found = []
        for pid in sorted(users_of(self._server.place.cluster)):
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(SESSION):
                    found.append(pid)
        return found[int(draw * len(found))] if found else None


def _signal(pid: int | None, kind: signal.Signals) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, kind)
    except ProcessLookupError:
        return False
    return True
