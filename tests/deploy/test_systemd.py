"""The shipped units: what systemd says of them, and each program with its own secret only."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from noroshi.base import environment
from noroshi.base.roles import APP, ROLE_OF_PROGRAM

SHIPPED = Path(__file__).resolve().parent.parent.parent / "deploy" / "systemd"
NGINX = SHIPPED.parent / "nginx" / "noroshi.conf"
SERVERS = ("gate", "work", "send", "tick", "web", "live")
EXPOSURE_MAX = 2.0  # of 10, as systemd counts


def analyse(*words: str, units: Path) -> "subprocess.CompletedProcess[str]":
    """What systemd-analyze says; without it the test is skipped, by name."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze on this machine")
    return subprocess.run(
        [program, *words],
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{units}:"},
        cwd=units,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The shipped units with a program that is there, and one of each kind that has many."""
    folder = tmp_path / "units"
    shutil.copytree(SHIPPED, folder)
    for unit in folder.glob("*.service"):
        unit.write_text(unit.read_text().replace("/opt/noroshi/.venv/bin/noroshi", sys.executable))
    return folder


def names() -> list[str]:
    """Every unit as it is started."""
    return [f.name.replace("@.", "@1.") for f in sorted(SHIPPED.glob("noroshi*.[st]*[et]"))]


def test_systemd_finds_no_fault_with_the_units(units: Path) -> None:
    assert len(names()) == 10
    told = analyse("verify", *(f"./{name}" for name in names()), units=units)
    said = [line for line in told.stderr.splitlines() if "noroshi" in line]
    assert (told.returncode, said) == (0, [])


@pytest.mark.parametrize("name", [name for name in names() if name.endswith(".service")])
def test_every_program_is_kept_to_what_it_needs(units: Path, name: str) -> None:
    told = analyse("security", "--offline=yes", "--no-pager", f"./{name}", units=units)
    found = re.search(rf"exposure level for {re.escape(name)}: ([0-9.]+)", told.stdout)
    assert found, told.stdout + told.stderr
    assert float(found[1]) <= EXPOSURE_MAX


def unit_of(program: str) -> str:
    """The text of a program's unit."""
    (file,) = SHIPPED.glob(f"noroshi-{program}[.@]*")
    return file.read_text()


@pytest.mark.parametrize("program", SERVERS)
def test_every_program_has_the_secret_of_its_own_role_and_is_started_again(program: str) -> None:
    text = unit_of(program)
    role = "app" if ROLE_OF_PROGRAM[program] == APP else "pipeline"
    urls = re.findall(r"LoadCredential=(\S+?):/etc/noroshi/credentials/(\S+)", text)
    assert dict(urls) == {
        "DATABASE_URL": f"{role}-database-url",
        "NOROSHI_SECRET_KEY": "secret-key",
    }
    assert f"ExecStart=/opt/noroshi/.venv/bin/noroshi {program}\n" in text
    assert "Restart=always" in text
    assert "WantedBy=noroshi.target" in text
    started = (SHIPPED / "noroshi.target").read_text()
    assert re.search(rf"noroshi-{program}(@1)?\.service", started)


def test_the_receiver_of_the_log_has_its_own_secret_and_is_started_where_it_is_wanted() -> None:
    text = unit_of("wal")
    urls = re.findall(r"LoadCredential=(\S+?):/etc/noroshi/credentials/(\S+)", text)
    assert dict(urls) == {
        "DATABASE_URL": "pipeline-database-url",
        "NOROSHI_WAL_URL": "wal-database-url",
    }
    assert "ExecStart=/opt/noroshi/.venv/bin/noroshi wal\n" in text
    assert "Restart=always" in text
    assert "WantedBy=noroshi.target" in text
    assert "noroshi-wal" not in (SHIPPED / "noroshi.target").read_text()


def test_nginx_asks_the_gates_where_the_units_start_them() -> None:
    (port,) = re.findall(r"NOROSHI_GATE_PORT=(\S+)", unit_of("gate"))
    asked = re.findall(r"server 127\.0\.0\.1:(\d+) max_fails", NGINX.read_text())
    assert asked == [port.replace("%i", instance) for instance in ("1", "2")]
    started = re.findall(r"noroshi-gate@(\d)\.service", (SHIPPED / "noroshi.target").read_text())
    assert started == ["1", "2"]


def test_the_settings_file_holds_no_secret_and_nothing_the_house_does_not_read() -> None:
    text = (SHIPPED / "noroshi.env").read_text()
    told = dict(line.split("=", 1) for line in text.splitlines() if line and line[0] != "#")
    assert set(told).isdisjoint(environment.LENT)
    source = Path(str(environment.__file__)).read_text()
    assert [name for name in told if f'"{name}"' not in source] == []
    read = environment.read(told)
    assert read.is_https
    assert read.proxies == 1


def test_a_secret_laid_into_a_file_by_systemd_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in environment.LENT:
        monkeypatch.setenv(name, "")  # so that it is put back as it was
        monkeypatch.delenv(name)
    monkeypatch.setenv("NOROSHI_SECRET_KEY", "the environment's own wins")
    (tmp_path / "DATABASE_URL").write_text("postgresql://u:p@h/n\n")
    (tmp_path / "NOROSHI_SECRET_KEY").write_text("x" * 40)
    (tmp_path / "PATH").write_text("/nowhere")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    environment.take_credentials()
    assert os.environ["DATABASE_URL"] == "postgresql://u:p@h/n"
    assert os.environ["NOROSHI_SECRET_KEY"] == "the environment's own wins"
    assert os.environ["PATH"] != "/nowhere"
