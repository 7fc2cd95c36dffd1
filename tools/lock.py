"""Compile requirements/*.in to pinned, hashed *.txt that name no address."""

import subprocess
import sys
from pathlib import Path

import setup

REQUIREMENTS = setup.REQUIREMENTS
NAMES = ("uv", "base", "dev")
OPTIONS = (
    "--universal",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-header",
    "--quiet",
    "--python-version=3.11",
)


def main() -> int:
    """Compile all; further words, such as --upgrade, go to uv."""
    for name in NAMES:
        source, target = f"{name}.in", f"{name}.txt"
        print(f"lock: {source} -> {target}")
        command = [str(setup.UV), "pip", "compile", *OPTIONS, *sys.argv[1:], "-o", target, source]
        environment = setup.child_environment(uv=True)
        if subprocess.run(command, cwd=REQUIREMENTS, env=environment, check=False).returncode:
            return 1
        names_an_address = "://" in Path(REQUIREMENTS / target).read_text(encoding="utf-8")
        if names_an_address:
            print(f"lock: requirements/{target} names an address; it must not")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
