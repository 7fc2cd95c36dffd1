"""All checks that need no running product: two at a time, one line each, what is wrong below it."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import database  # noqa: E402 - the checkout must be on the path first

BIN = Path(sys.executable).parent
AT_A_TIME = 2


@dataclass(frozen=True)
class Outcome:
    """How a check ended."""

    name: str
    is_good: bool
    words: str
    seconds: float


def main() -> int:
    """Run all; 1 when any is not satisfied."""
    return 0 if all(outcome.is_good for outcome in run_all()) else 1


def run_all() -> list[Outcome]:
    """Run every check, printing each as it ends."""
    database.provide()
    environment = dict(os.environ) | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": str(ROOT),
    }
    try:
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            work = [
                pool.submit(check, name, argv, environment) for name, argv in commands().items()
            ]
            outcomes = [future.result() for future in work]
    finally:
        database.release()
    for outcome in outcomes:
        mark = "ok  " if outcome.is_good else "FAIL"
        print(f"{mark} {outcome.name} ({outcome.seconds:.1f} s)")
        if not outcome.is_good:
            print("\n".join(f"     {line}" for line in outcome.words.splitlines()))
    return outcomes


def commands() -> dict[str, list[str]]:
    """Each check's command by its name; the slow one first."""
    manage = [sys.executable, "-m", "noroshi", "manage"]
    templates = [str(file) for file in sorted(ROOT.glob("src/noroshi/**/*.html"))]
    return {
        "types": [str(BIN / "mypy"), "--no-error-summary"],
        "format": [str(BIN / "ruff"), "format", "--check", "--quiet", "."],
        "lint": [str(BIN / "ruff"), "check", "--quiet", "."],
        "imports": [str(BIN / "lint-imports")],
        "templates": [str(BIN / "djade"), "--check", "--target-version", "5.2", *templates],
        "migrations": [*manage, "makemigrations", "--check", "--dry-run"],
        "django": [*manage, "check", "--fail-level", "WARNING"],
    }


def check(name: str, argv: list[str], environment: dict[str, str]) -> Outcome:
    """Run one check."""
    began = time.monotonic()
    done = subprocess.run(
        argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    words = (done.stdout + done.stderr).strip()
    return Outcome(name, done.returncode == 0, words, time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
