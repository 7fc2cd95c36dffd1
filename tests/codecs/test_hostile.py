"""Codecs written to do harm: each is answered in time, and nobody else notices."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from noroshi.codecs.process import WALL_S_MAX, Worker
from noroshi.codecs.sandbox import STRIKES_MAX, STRIKES_S, NoSandbox, Sandbox
from tests.codecs.cast import javascript, job

SCRIPTS = sorted(Path("tests/payloads/codecs/hostile").glob("*.js"))
GOOD = "function decodeUplink(input) { return { data: { a: input.bytes[0] } }; }"
ENDLESS = "function decodeUplink(input) { for (;;) {} }"

# What each script gets; those missing here only have to be answered and to harm nobody.
ANSWERS = {
    "loop": "timeout",
    "loop_in_finally": "timeout",
    "loop_at_load": "timeout",
    "loop_in_tojson": "timeout",
    "loop_in_getter": "timeout",
    "loop_in_sort": "timeout",
    "generator": "timeout",
    "error_text_loop": "timeout",
    "heap_caught": "timeout",
    "heap_strings": "out_of_memory",
    "heap_typed": "out_of_memory",
    "heap_at_once": "out_of_memory",
    "join_bomb": "timeout",
    "regexp": "timeout",
    "recursion": "exception",
    "deep_parentheses": "exception",
    "cycle": "exception",
    "huge_text": "too_big",
    "huge_result": "too_big",
    "endless_error": "exception",
    "promises": "bad_result",
}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_hostile_codec_is_answered_in_time_and_alone(sandbox: Sandbox, path: Path) -> None:
    sandbox.decode([javascript(GOOD, b"\x05")])
    began = time.monotonic()
    answer = sandbox.decode([javascript(path.read_text(encoding="utf-8"), b"\x01")])[0]
    took_s = time.monotonic() - began
    # The machine of the tests may be busy; the processor time is what is bounded tightly.
    assert took_s < WALL_S_MAX + 1.0
    if path.stem in ANSWERS:
        assert answer.error == ANSWERS[path.stem]
    neighbour = sandbox.decode([javascript(GOOD, b"\x07", tenant_id=2)])[0]
    assert neighbour.measurements[0].values == {"a": 7.0}


def test_nothing_of_the_host_is_in_sight(sandbox: Sandbox) -> None:
    escape = Path("tests/payloads/codecs/hostile/function_escape.js").read_text(encoding="utf-8")
    seen = sandbox.decode([javascript(escape)])[0].measurements[0].values
    assert seen == {"a": "undefinedundefinedundefined"}


def test_what_one_tenant_leaves_behind_no_other_finds(sandbox: Sandbox) -> None:
    source = """function decodeUplink(input) {
        var before = globalThis.kept || "nothing";
        globalThis.kept = "secret " + input.bytes[0];
        Object.prototype.leak = globalThis.kept;
        return { data: { before: before } };
    }"""
    one = job("javascript", source, b"\x01", tenant_id=11, version_id=4242)
    two = job("javascript", source, b"\x02", tenant_id=12, version_id=4242)
    other_version = job("javascript", source, b"\x03", tenant_id=11, version_id=4243)
    results = sandbox.decode([one, two, other_version])
    assert [result.measurements[0].values["before"] for result in results] == ["nothing"] * 3


def test_an_edited_source_starts_anew(sandbox: Sandbox) -> None:
    first = job("javascript", "function Decoder() { return { a: 1 }; }", b"", version_id=4300)
    second = job("javascript", "function Decoder() { return { a: 2 }; }", b"", version_id=4300)
    results = sandbox.decode([first, second, first])
    assert [one.measurements[0].values["a"] for one in results] == [1.0, 2.0, 1.0]


def test_a_polluted_prototype_harms_only_its_own_codec(sandbox: Sandbox) -> None:
    source = '{"__proto__": {"x": 1}, "constructor": {"prototype": {"y": 2}}, "a": 3}'
    codec = f"function decodeUplink() {{ return {{ data: JSON.parse('{source}') }}; }}"
    values = sandbox.decode([javascript(codec)])[0].measurements[0].values
    assert values == {"__proto__.x": 1.0, "constructor.prototype.y": 2.0, "a": 3.0}


def test_a_source_that_fails_dearly_three_times_rests_for_a_minute() -> None:
    now = 1000.0
    with Sandbox(clock=lambda: now) as sandbox:
        jobs = [javascript(ENDLESS, version_id=1) for _ in range(5)]
        errors = [one.error for one in sandbox.decode(jobs)]
        assert errors == ["timeout"] * STRIKES_MAX + ["poisoned"] * 2
        began = time.monotonic()
        assert sandbox.decode(jobs[:1])[0].error == "poisoned"
        assert time.monotonic() - began < 0.2
        # Another codec, and the same one of another tenant, are not touched.
        assert sandbox.decode([javascript(GOOD, b"\x01", version_id=2)])[0].error == ""
        other = javascript(ENDLESS, version_id=1, tenant_id=2)
        assert sandbox.decode([other])[0].error == "timeout"
        # After its rest it is on trial: one more and it rests again.
        now += STRIKES_S + 1
        assert [one.error for one in sandbox.decode(jobs[:3])] == [
            "timeout",
            "poisoned",
            "poisoned",
        ]


def test_many_uplinks_of_a_slow_codec_take_a_second_at_most() -> None:
    # 30 ms each: no single one is late enough for a strike. On a busy machine that is less of
    # processor time, which is what is limited, so more of them come through.
    slow = "function Decoder() { var end = performance.now() + 30;"
    slow += " while (performance.now() < end) {} return { a: 1 }; }"
    with Sandbox() as sandbox:
        results = sandbox.decode([javascript(slow, version_id=1) for _ in range(300)])
    errors = [one.error for one in results]
    assert set(errors) == {"", "timeout"}
    assert errors.count("") >= 10
    assert results[-1].detail == "no time left for this codec in this batch"


def test_native_work_that_ignores_the_limit_counts_as_a_strike() -> None:
    bomb = Path("tests/payloads/codecs/hostile/bigint_bomb.js").read_text(encoding="utf-8")
    with Sandbox() as sandbox:
        results = sandbox.decode([javascript(bomb, version_id=1) for _ in range(30)])
    assert results[-1].error == "poisoned"


def test_strikes_far_apart_are_forgotten() -> None:
    now = 1000.0
    with Sandbox(clock=lambda: now) as sandbox:
        for _ in range(STRIKES_MAX + 1):
            assert sandbox.decode([javascript(ENDLESS, version_id=1)])[0].error == "timeout"
            now += 2 * STRIKES_S + 1


def test_a_worker_that_dies_is_replaced_and_its_uplinks_are_decoded(sandbox: Sandbox) -> None:
    sandbox.decode([javascript(GOOD, b"\x01")])
    assert sandbox.worker is not None
    os.kill(sandbox.worker.process.pid, signal.SIGKILL)
    sandbox.worker.process.wait()
    assert sandbox.decode([javascript(GOOD, b"\x01")])[0].error == ""


def test_a_machine_on_which_no_worker_starts_is_not_the_codecs_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with Sandbox() as sandbox, pytest.raises(NoSandbox):
        sandbox.decode([javascript(GOOD, b"\x01")])


def test_a_worker_ends_when_its_parent_is_gone() -> None:
    worker = Worker()
    worker.wait_ready()
    assert worker.process.stdin is not None
    worker.process.stdin.close()
    assert worker.process.wait(timeout=5) == 0
    worker.kill()


def test_the_worker_says_what_holds_it(sandbox: Sandbox) -> None:
    walls = sandbox.capabilities
    assert walls["limits"] == "on"
    assert walls["no_new_privs"] == "on"
    assert walls["seccomp"] == "on" or walls["seccomp"].startswith("missing")
    assert walls["user"] == ("on" if os.getuid() == 0 else "kept: not started as root")


ATTACKS = {
    "open": "open('/etc/passwd')",
    "open to write": "open('/tmp/noroshi-attack', 'w')",
    "fork": "os.fork()",
    "exec": "os.execv('/bin/true', ['true'])",
    "socket": "socket.socket()",
    "kill": "os.kill(os.getppid(), 0)",
    "write elsewhere": "os.write(2, b'x')",
    "read elsewhere": "os.read(1, 1)",
    "list": "os.listdir('/')",
    "unlink": "os.unlink('/tmp/x')",
    "ptrace": "ctypes.CDLL(None).ptrace(0, 0, 0, 0)",
    "code in memory": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)",
    "other user": "os.setuid(0)",
    "dup": "os.dup(1)",
}


def locked(code: str) -> subprocess.CompletedProcess[bytes]:
    """Attacker's Python in a process that is locked down as the worker is."""
    script = (
        "import ctypes, mmap, os, socket\n"
        "from noroshi.codecs.lockdown import lock_down\n"
        "ctypes.CDLL(None)\n"
        "walls = lock_down(0, 1)\n"
        "os.write(1, walls['seccomp'].encode())\n"
        f"{code}\n"
        "os.write(1, b' survived')\n"
        "os._exit(0)\n"
    )
    return subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, check=False, timeout=20
    )


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_native_code_in_the_worker_can_do_nothing_but_compute(name: str) -> None:
    done = locked(ATTACKS[name])
    if not done.stdout.startswith(b"on"):
        pytest.skip(f"no seccomp here: {done.stdout.decode()}")
    assert b"survived" not in done.stdout
    assert done.returncode == -signal.SIGSYS


def test_computing_and_answering_are_still_allowed() -> None:
    done = locked("sum(bytearray(50_000_000)); [str(n) for n in range(100_000)]")
    assert done.returncode == 0
    assert done.stdout.endswith(b" survived")


def test_memory_ends_where_the_limit_says() -> None:
    done = locked("try:\n    bytearray(1 << 30)\nexcept MemoryError:\n    os.write(1, b' full')")
    assert b" full survived" in done.stdout
