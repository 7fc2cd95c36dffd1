"""Every way to run a program looks at its database role, and the gate does when it comes."""

import os
import secrets
import signal
import subprocess
import sys
import threading

import psycopg
import pytest

from noroshi.base.roles import APP, PIPELINE
from noroshi.config import walls_check
from tests.tenants.test_walls import url_of

NOWHERE = "postgresql://noroshi_pipeline:x@127.0.0.1:1/n"


@pytest.mark.parametrize("module", ["wsgi", "live_app"])
def test_under_another_server_the_pages_and_the_news_look_at_their_role_too(
    db: None, module: str
) -> None:
    def brought_up(url: str) -> "subprocess.CompletedProcess[str]":
        own = {"DATABASE_URL": url, "NOROSHI_SECRET_KEY": secrets.token_urlsafe(48)}
        own["DJANGO_SETTINGS_MODULE"] = "noroshi.config.settings"
        return subprocess.run(
            [sys.executable, "-c", f"import noroshi.config.{module}"], env=os.environ | own,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    wrong = brought_up(url_of(PIPELINE))
    assert wrong.returncode == 1
    assert "the database role is noroshi_pipeline, it must be noroshi_app" in wrong.stderr
    right = brought_up(url_of(APP))
    assert right.returncode == 0, right.stderr


def test_a_gate_that_came_before_its_database_looks_as_soon_as_that_is_there(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []
    done = threading.Event()
    tries: list[str] = []

    def come_up(url: str, program: str) -> None:
        tries.append(url)
        if len(tries) < 3:
            raise psycopg.OperationalError("connection refused")
        try:
            looked(url_of(APP), program)
        finally:
            done.set()

    def kill(_pid: int, number: int) -> None:
        killed.append(number)

    looked = walls_check.check
    monkeypatch.setenv("DATABASE_URL", NOWHERE)
    monkeypatch.setattr(walls_check, "check", come_up)
    monkeypatch.setattr(walls_check, "RETRY_S", 0.01)
    monkeypatch.setattr(os, "kill", kill)
    walls_check.stand_behind("gate")
    assert done.wait(20)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.name.startswith("late"):
            thread.join(5)
    assert killed == [signal.SIGTERM]


def test_a_gate_whose_role_is_right_goes_on(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _pid, number: killed.append(number))
    walls_check.check_late(url_of(PIPELINE), "gate")
    assert killed == []
