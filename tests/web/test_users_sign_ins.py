"""The log of sign-ins: own people only, narrowed, as a file, and what looks like sharing."""

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client

from noroshi.tenants.models import AuditEntry, Enrolment, SignIn, User
from tests.web.conftest import Cast, signed_in

HOME, AWAY = "203.0.113.5", "198.51.100.7"


def seen(login: str, cast: Cast, *, minutes_ago: int, address: str = HOME, **more: object) -> None:
    """One try to sign in."""
    fields = {"outcome": "ok", "method": "password", "place": "福岡市", "device": "iPhone / Safari"}
    SignIn.objects.create(
        user=User.objects.get(login=login), at=cast.now - timedelta(minutes=minutes_ago),
        address=address, **(fields | more),
    )  # fmt: skip


@pytest.fixture
def log(cast: Cast) -> None:
    """Aki from a new device, Ben with a wrong password, and a stranger."""
    seen("aki", cast, minutes_ago=30, is_new_device=True)
    seen("ben", cast, minutes_ago=20, outcome="wrong", place="=cmd|' /C calc'!A0")
    seen("chie", cast, minutes_ago=10, place="よその町")


def page(client: Client, query: str = "") -> str:
    """The page of the log."""
    answer = client.get(f"/sign-ins/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_log_shows_every_try_of_the_own_people_and_of_nobody_else(
    log: None, aki: Client, chie: Client
) -> None:
    text = page(aki)
    assert "福岡市" in text
    assert "新しい機器" in text
    assert "失敗" in text
    assert "よその町" not in text
    assert "福岡市" not in page(chie)


def test_the_log_narrows_by_person_outcome_and_day(log: None, cast: Cast, aki: Client) -> None:
    assert "福岡市" not in page(aki, f"?who={cast.line.code}")
    assert "福岡市" not in page(aki, "?outcome=wrong")
    assert "福岡市" in page(aki, "?outcome=ok")
    assert "当てはまるログインがありません" in page(aki, "?until=2020-01-01")
    assert "福岡市" in page(aki, "?since=2020-01-01&until=9999-12-31")
    assert "福岡市" in page(aki, "?who=nobody&outcome=nonsense&since=x")


def test_sign_ins_from_before_a_person_was_named_are_not_this_contractors(
    log: None, cast: Cast, aki: Client
) -> None:
    assert "cmd" in page(aki)
    Enrolment.objects.filter(pk=cast.line.pk).update(named_at=cast.now - timedelta(minutes=5))
    assert "cmd" not in page(aki)


def test_the_file_runs_in_no_spreadsheet_and_is_written_down(log: None, aki: Client) -> None:
    answer = aki.get("/sign-ins/file.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:3] == ["日時", "利用者ID", "お名前"]
    assert [row[1] for row in rows[1:]] == ["ben", "aki"]
    assert rows[1][6].startswith("'=cmd")
    assert AuditEntry.objects.filter(action="sign_ins.exported").count() == 1


def test_one_id_in_two_places_within_minutes_is_pointed_out(cast: Cast, aki: Client) -> None:
    seen("ben", cast, minutes_ago=20)
    seen("ben", cast, minutes_ago=15, address=AWAY, place="札幌市")
    for path in ("/users/", "/sign-ins/"):
        text = aki.get(path).content.decode()
        assert "同じ利用者IDが、10分以内に別々の場所から使われました" in text
        assert "札幌市" in text
    assert "同じ利用者IDが" not in signed_in("chie").get("/users/").content.decode()
