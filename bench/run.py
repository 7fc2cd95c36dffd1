"""Every bench in one run on a durable server of its own: a table, and var/bench.json."""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import gate, live, memory, mqtt, raw, readings, scratch, spine, store, whole  # noqa: E402

from noroshi.base.environment import ROLE_URLS  # noqa: E402
from noroshi.jobs.postgres import Embedded  # noqa: E402
from noroshi.jobs.postgres_files import any_port  # noqa: E402

BENCHES: dict[str, Callable[[str], dict[str, tuple[float, str]]]] = {
    "gate": gate.run,
    "mqtt": mqtt.run,
    "spine": spine.run,
    "whole": whole.run,
    "live": live.run,
    "readings": readings.run,
    "raw": raw.run,
    "store": store.run,
    "memory": memory.run,
}
AS_PIPELINE = {"gate", "mqtt", "memory"}  # the others make a database of their own
RESULT = ROOT / "var" / "bench.json"


def main(words: list[str]) -> int:
    """Run the benches named, or all; 2 for a name that is none."""
    strange = [word for word in words if word not in BENCHES]
    if strange:
        print(f"no bench is called {', '.join(strange)}; there are {', '.join(BENCHES)}")
        return 2
    folder = Path(tempfile.mkdtemp(prefix="noroshi-bench-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user than this one
    server = Embedded(folder / "postgres", port=any_port(), say=print)
    found: dict[str, tuple[float, str]] = {}
    try:
        server.start(durable=True)
        urls = server.urls
        os.environ |= {name: urls.of(role) for role, name in ROLE_URLS.items()}
        scratch.migrated(urls.owner)
        scratch.SERVER.append(lambda: chill(server, folder))
        for name in words or BENCHES:
            begun, busy = time.monotonic(), os.getloadavg()[0] / (os.cpu_count() or 1)
            told = BENCHES[name](urls.pipeline if name in AS_PIPELINE else urls.owner)
            keep(
                told,
                {"bench": name, "day": f"{datetime.now(UTC):%Y-%m-%d}", "busy": round(busy, 2)},
            )
            found |= told
            print(f"-- {name} took {time.monotonic() - begun:.0f} s", flush=True)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    show(found)
    print(f"\nwritten to {RESULT.relative_to(ROOT)}")
    return 0


def chill(server: Embedded, folder: Path) -> None:
    """Stop, write everything down, drop it from the page cache, start."""
    server.stop()
    os.sync()
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink():
            with file.open("rb") as opened:
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    server.start(durable=True)


def show(found: dict[str, tuple[float, str]]) -> None:
    """The table."""
    wide = max(len(name) for name in found)
    print()
    for name, (value, unit) in found.items():
        print(f"{name:<{wide}}  {value:>14,.2f} {unit}")


def keep(told: dict[str, tuple[float, str]], whence: dict[str, object]) -> None:
    """Write name → value, unit, and whence it is; what other benches measured stays."""
    old = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    left = {
        name: one for name, one in old.items() if one.get("bench") not in {None, whence["bench"]}
    }
    new = {
        name: {"value": round(value, 3), "unit": unit, **whence}
        for name, (value, unit) in told.items()
    }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(left | new, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
