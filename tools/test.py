"""Every check and every test, and at the end what was skipped, by name, and the count."""

import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import check

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
REPORT = ROOT / "build" / "tests.xml"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
JAPANESE_FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
INSTALL_S_MAX = 240

BROWSER = "tests/browser"

Result = TypeVar("Result")


@dataclass
class Tally:
    """What passed, and what did not, by name."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def add(self, name: str, *, is_good: bool) -> None:
        """Count one."""
        if is_good:
            self.passed += 1
        else:
            self.failed.append(name)


def main() -> int:
    """Run all of it; 1 when anything failed."""
    tally = Tally()
    part("Debian's packages", offer_packages)
    for outcome in part("checks", check.run_all):
        tally.add(f"check: {outcome.name}", is_good=outcome.is_good)
    part("tests", lambda: run_tests(tally, "-n", "2", "--dist", "loadfile", "--ignore", BROWSER))
    # One product and one browser at a time: two of each would wait for one another.
    part("browser tests", lambda: run_tests(tally, "-p", "no:xdist", BROWSER))
    smoke = [str(BIN / "noroshi"), "smoke"]
    done = part("smoke", lambda: subprocess.run(smoke, cwd=ROOT, check=False))
    tally.add("smoke", is_good=done.returncode == 0)
    # `make faults` breaks it for longer, and with another seed each time, too.
    faults = [str(BIN / "noroshi"), "faults", "--kills", "20", "--seconds", "25"]
    done = part("faults", lambda: subprocess.run(faults, cwd=ROOT, check=False))
    tally.add("faults", is_good=done.returncode == 0)
    print()
    for name in tally.failed:
        print(f"failed: {name}")
    for name in tally.skipped:
        print(f"skipped: {name}")
    print(f"{tally.passed} passed, {len(tally.failed)} failed, {len(tally.skipped)} skipped")
    return 1 if tally.failed else 0


def part(name: str, work: Callable[[], Result]) -> Result:
    """Run one part under its headline."""
    print(f"\n== {name}", flush=True)
    began = time.monotonic()
    result = work()
    print(f"== {name}: {time.monotonic() - began:.0f} s", flush=True)
    return result


def offer_packages() -> None:
    """Install Debian's chromium, a Japanese font and mosquitto where allowed; else go without."""
    wanted = []
    if not any(shutil.which(name) for name in CHROMIUM):
        wanted.append("chromium")
    if not JAPANESE_FONT.exists():
        wanted.append("fonts-noto-cjk")
    if not shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        wanted.append("mosquitto")
    apt = shutil.which("apt-get")
    if not wanted:
        print("chromium, font and mosquitto are here")
    elif os.geteuid() != 0 or apt is None:
        print(f"missing and not installable by this user: {', '.join(wanted)}")
    elif install(apt, wanted):
        print(f"installed {', '.join(wanted)}")
    else:
        print(f"could not install {', '.join(wanted)}; going on without")


def install(apt: str, packages: list[str]) -> bool:
    """Whether Debian's packages could be installed in good time."""
    environment = dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive"}
    quiet = ["-qq", "-o", "DPkg::Lock::Timeout=60"]
    try:
        for words in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            subprocess.run(
                [apt, *quiet, *words],
                env=environment,
                check=True,
                capture_output=True,
                timeout=INSTALL_S_MAX,
            )
    except (subprocess.SubprocessError, OSError):
        return False
    return True


def run_tests(tally: Tally, *words: str) -> None:
    """Run pytest with these words and count by its report."""
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.unlink(missing_ok=True)
    pytest = [str(BIN / "pytest"), "-q", *words, f"--junitxml={REPORT}"]
    done = subprocess.run(pytest, cwd=ROOT, check=False)
    if not REPORT.exists():
        tally.failed.append("tests: pytest ended without a report")
        return
    before = len(tally.failed)
    for case in ET.parse(REPORT).getroot().iter("testcase"):  # noqa: S314 - our own file
        name = f"{case.get('classname')}.{case.get('name')}"
        skipped = case.find("skipped")
        if skipped is not None:
            tally.skipped.append(f"{name} ({skipped.get('message', '')})")
        else:
            bad = case.find("failure") is not None or case.find("error") is not None
            tally.add(name, is_good=not bad)
    if done.returncode and len(tally.failed) == before:
        tally.failed.append(f"tests: pytest ended with code {done.returncode}")


if __name__ == "__main__":
    sys.exit(main())
