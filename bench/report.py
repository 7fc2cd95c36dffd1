"""Write docs/benchmarks.md from var/bench.json: each figure, its goal, the machine, the command.

`python bench/report.py`, on the machine that measured. No number is typed by hand.
"""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.goals import ABOUT, GOALS, Goal  # noqa: E402

from noroshi.jobs.postgres_place import installed_programs  # noqa: E402

RESULT = ROOT / "var" / "bench.json"
PAGE = ROOT / "docs" / "benchmarks.md"
HEAD = """\
# Benchmarks

Written by `python bench/report.py` from the figures of `make bench`; no number is typed by hand.
Absolute rates move with the machine and with what else runs on it: "busy" is the load average at
the beginning of the figure's bench, over the number of cores. A figure without a goal is there to
judge another by: a floor, or the same work on a plain table.
"""


def main() -> int:
    """Write the page; 2 when nothing was measured."""
    if not RESULT.exists():
        print("nothing was measured: run `make bench` first")
        return 2
    figures: dict[str, dict[str, Any]] = json.loads(RESULT.read_text())
    PAGE.write_text("\n".join([HEAD, *machine(), *reached(figures), *tables(figures)]))
    print(f"written to {PAGE.relative_to(ROOT)}")
    return 0


def machine() -> list[str]:
    """What it ran on."""
    server = subprocess.run(
        [str(installed_programs() / "postgres"), "--version"],
        check=True,
        capture_output=True,
        text=True,
    )
    return [
        "## The machine",
        "",
        "| | |",
        "|---|---|",
        f"| Processor | {processor()} |",
        f"| Cores | {os.cpu_count()} |",
        f"| Memory | {memory_gib():.0f} GiB |",
        f"| Kernel | {platform.system()} {platform.release()} |",
        f"| PostgreSQL | {server.stdout.strip()}, durable (fsync, full pages, checksums) |",
        f"| Python | {platform.python_implementation()} {platform.python_version()} |",
        "",
    ]


def processor() -> str:
    """Its name, as it says itself."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def memory_gib() -> float:
    """All that the machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def reached(figures: dict[str, dict[str, Any]]) -> list[str]:
    """How many goals were reached, and which were not, or not measured."""
    measured = [name for name in GOALS if name in figures]
    missed = [name for name in measured if not GOALS[name].holds(figures[name]["value"])]
    unknown = [name for name in GOALS if name not in figures]
    lines = [f"{len(measured) - len(missed)} of {len(GOALS)} goals are reached."]
    if missed:
        lines.append(f"Missed: {', '.join(f'`{name}`' for name in missed)}.")
    if unknown:
        lines.append(f"Not measured: {', '.join(f'`{name}`' for name in unknown)}.")
    return [*lines, ""]


def tables(figures: dict[str, dict[str, Any]]) -> list[str]:
    """A table a bench, in the order in which they ran."""
    lines: list[str] = []
    for bench in dict.fromkeys(one["bench"] for one in figures.values()):
        mine = {name: one for name, one in figures.items() if one["bench"] == bench}
        first = next(iter(mine.values()))
        command = f"`python bench/run.py {bench}`, {first['day']}, busy {first['busy']:.2f}."
        lines += [
            f"## {bench}",
            "",
            f"{ABOUT.get(bench, '')} {command}".strip(),
            "",
            "| Figure | Measured | Goal | Reached |",
            "|---|---:|---:|---|",
            *(row(name, one, GOALS.get(name)) for name, one in mine.items()),
            "",
        ]
    return lines


def row(name: str, figure: dict[str, Any], goal: Goal | None) -> str:
    """One figure."""
    value, unit = float(figure["value"]), str(figure["unit"])
    told = f"| `{name}` | {number(value)} {unit} |"
    if goal is None:
        return f"{told} | |"
    mark = "yes" if goal.holds(value) else "**no**"
    return f"{told} {goal.sign} {number(goal.bound)} {unit} | {mark} |"


def number(value: float) -> str:
    """Three digits at least, thousands apart."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"


if __name__ == "__main__":
    sys.exit(main())
