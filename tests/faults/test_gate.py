"""The gate dies while it stores, spools or drains: what it said yes to is there, once."""

import json
import subprocess
import time
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest

from noroshi.base.failpoints import GATE
from noroshi.base.models import Installation
from noroshi.gate.spool import Spool
from noroshi.gate.spool_format import pack
from noroshi.inbox.models import Entry
from tests.faults.conftest import killed_at
from tests.gate.conftest import ask, connect_to, make_connection, request_bytes
from tests.gate.test_program import Start, free_port, start, wait_until_up
from tests.gate.test_spool_file import a_row, carried

__all__ = ["start"]

END_S_MAX = 20.0
BYTES_MAX = 1 << 20
MARK = UUID(int=7)
OF_PROGRAM = [name for name in GATE if name.startswith(("gate.drain", "gate.stored"))]
ROWS = 5


@pytest.mark.parametrize("name", [name for name in GATE if name not in OF_PROGRAM])
def test_a_gate_that_dies_while_spooling_keeps_every_row_it_said_yes_to(
    transactional_db: None, tmp_path: Path, name: str
) -> None:
    said, rows = tmp_path / "said", [a_row(number) for number in range(ROWS)]

    def append(some: list[int], spool: Spool) -> None:
        for number in some:
            spool.append([pack(rows[number])])
            with said.open("a", encoding="ascii") as file:
                file.write(f"{number}\n")

    first = Spool(tmp_path / "spool", BYTES_MAX)
    first.open(MARK)
    append([0, 1], first)
    first.close()

    def die() -> None:
        second = Spool(tmp_path / "spool", BYTES_MAX)
        second.open(MARK)
        append([2, 3, 4], second)

    killed_at(name, die)
    third = Spool(tmp_path / "spool", BYTES_MAX)
    third.open(MARK)
    there = Counter(row.key for row in carried(third))
    third.close()
    yes = [int(line) for line in said.read_text(encoding="ascii").split()]
    assert {rows[number].key for number in yes} <= set(there)
    assert set(there.values()) == {1}


def died(process: "subprocess.Popen[str]") -> None:
    assert process.wait(END_S_MAX) == -9


@pytest.mark.parametrize("name", OF_PROGRAM)
def test_a_gate_that_dies_here_is_followed_by_one_that_has_all_of_it_once(
    start: Start, tmp_path: Path, name: str
) -> None:
    row, token = make_connection("json")
    if name.startswith("gate.drain"):
        left_by_a_dead_gate(tmp_path, row.pk)
    port = free_port()
    faults = {"NOROSHI_FAULT_RUN": "1", "NOROSHI_FAILPOINTS": f"{name}=kill"}
    first = start(port, **faults)
    body = b'{"id":"a","counter":7}'
    if name == "gate.stored":
        wait_until_listening(port)
        with pytest.raises(ConnectionError):
            ask(port, request_bytes("POST", f"/in/{token}", body))
    died(first)
    second = start(port)
    wait_until_up(port)
    assert ask(port, request_bytes("POST", f"/in/{token}", body)).status == 200
    wanted = [7] if name == "gate.stored" else [*range(ROWS), 7]
    until = time.monotonic() + END_S_MAX
    while (stored := counters()) != wanted and time.monotonic() < until:
        time.sleep(0.05)
    assert stored == wanted
    second.terminate()
    assert second.wait(END_S_MAX) == 0


def left_by_a_dead_gate(var: Path, connection_id: int) -> None:
    spool = Spool(var / "spool", BYTES_MAX)
    spool.open(mark_of_this())
    for number in range(ROWS):
        body = b'{"id":"a","counter":%d}' % number
        spool.append([pack(a_row(number)._replace(connection_id=connection_id, body=body))])
    spool.close()


def mark_of_this() -> UUID:
    """By which the gate knows this database."""
    return Installation.objects.get().mark


def wait_until_listening(port: int) -> None:
    until = time.monotonic() + END_S_MAX
    while True:
        try:
            connect_to(port).close()
        except ConnectionError:
            assert time.monotonic() < until
            time.sleep(0.05)
        else:
            return


def counters() -> list[int]:
    bodies = Entry.objects.order_by("id").values_list("body", flat=True)
    return [json.loads(bytes(body))["counter"] for body in bodies]
