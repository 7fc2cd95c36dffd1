"""Take from this process all that a codec could abuse: files, network, children, other users."""

import ctypes
import ctypes.util
import os
import resource
import sys

# Finding the C library by running ldconfig twice would cost half of a worker's start.
_find_library = ctypes.util.find_library
ctypes.util.find_library = lambda name: {"c": "libc.so.6", "seccomp": "libseccomp.so.2"}.get(
    name, _find_library(name)
)
try:
    import pyseccomp
except (ImportError, OSError, RuntimeError):  # not Linux, or no libseccomp on this machine
    pyseccomp = None
ctypes.util.find_library = _find_library

MEMORY_BYTES_MAX = 512 * 1024 * 1024  # address space of the whole worker
CPU_S_MAX = 240  # of a worker's life; its parent replaces it at a quarter of this
FILES_MAX = 8
NOBODY = 65534
PR_SET_NO_NEW_PRIVS = 38
PROT_EXEC = 4

# What a Python that only computes asks of the kernel; reading, writing and mapping are below.
CALLS = (
    "brk",
    "clock_gettime",
    "clock_getres",
    "exit",
    "exit_group",
    "futex",
    "getrandom",
    "getrusage",
    "gettimeofday",
    "madvise",
    "mremap",
    "munmap",
    "restart_syscall",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sched_yield",
    "sigaltstack",
)


def lock_down(read_fd: int, write_fd: int) -> dict[str, str]:
    """Give up every right but reading the one and writing the other descriptor, for good.

    Returns what holds: {"limits", "user", "no_new_privs", "seccomp"} with "on" or why not. A
    forbidden system call ends the process by SIGSYS.
    """
    _limit()
    return {
        "limits": "on",
        "user": _leave_root(),
        "no_new_privs": _no_new_privileges(),
        "seccomp": _filter_calls(read_fd, write_fd),
    }


def _limit() -> None:
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES_MAX),
        (resource.RLIMIT_CPU, CPU_S_MAX),
        (resource.RLIMIT_NOFILE, FILES_MAX),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(kind, (most, most))


def _leave_root() -> str:
    if os.getuid() != 0:
        return "kept: not started as root"
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    return "on"


def _no_new_privileges() -> str:
    if sys.platform != "linux":
        return "missing: not Linux"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return f"missing: errno {ctypes.get_errno()}"
    return "on"


def _filter_calls(read_fd: int, write_fd: int) -> str:
    if pyseccomp is None:
        return "missing: libseccomp not found"
    rules = pyseccomp.SyscallFilter(pyseccomp.KILL_PROCESS)
    for name in CALLS:
        rules.add_rule(pyseccomp.ALLOW, name)
    rules.add_rule(pyseccomp.ALLOW, "read", pyseccomp.Arg(0, pyseccomp.EQ, read_fd))
    rules.add_rule(pyseccomp.ALLOW, "write", pyseccomp.Arg(0, pyseccomp.EQ, write_fd))
    no_code = pyseccomp.Arg(2, pyseccomp.MASKED_EQ, PROT_EXEC, 0)
    rules.add_rule(pyseccomp.ALLOW, "mmap", no_code)
    rules.add_rule(pyseccomp.ALLOW, "mprotect", no_code)
    try:
        rules.load()
    except OSError as error:
        return f"missing: {error}"
    return "on"
