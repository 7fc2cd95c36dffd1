"""Ties children to the supervisor: run as a bare script, it imports nothing of the house.

`leash.py tie <parent> <program> [argument…]` becomes the program, which dies with its parent.
`leash.py guard` reads `+<group>` and `-<group>` lines and, when its input ends because the
supervisor died, kills every process group still on the list.
"""

import contextlib
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Do what the first word says."""
    if sys.argv[1] == "tie":
        tie(int(sys.argv[2]), sys.argv[3:])
    guard()


def tie(parent: int, argv: list[str]) -> None:
    """Become the program; the kernel kills it when the supervisor ends in whatever way."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit(1)  # the supervisor died before the tie held
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - the supervisor chose the program
    except OSError as error:
        raise SystemExit(f"{argv[0]}: {error.strerror}") from None


def guard() -> None:
    """Outlive the supervisor by a moment, to end the children of its children too."""
    for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(kind, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line[0] == "+":
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
