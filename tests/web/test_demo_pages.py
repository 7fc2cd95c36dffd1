"""What exists only in the demo: its mailbox and the progress of its history."""

from email.message import EmailMessage
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from noroshi.jobs.demo.progress import Progress, write_progress
from tests.web.conftest import Cast
from tests.web.test_home import text_of

SUBJECT = "【上限警報】第2冷蔵庫 温度 11.0℃"


@pytest.fixture
def var(settings: Settings, tmp_path: Path) -> Path:
    """The folder of a running demo."""
    settings.DEMO, settings.VAR = True, tmp_path
    return tmp_path


def noted(phase: str, done: int) -> Progress:
    """So far has the simulator come."""
    return Progress(phase, done, 200, "2026-11-22T00:00:00Z", 1.0, 1, 1, 0, {}, is_waiting=False)


def catch(var: Path, number: int, subject: str = SUBJECT) -> str:
    """Put a mail where the catcher would."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.jp", "chief@example.jp", subject
    mail.set_content("温度が上限を超えました。")
    folder = var / "mails"
    folder.mkdir(exist_ok=True)
    name = f"20261122010203000000-{number:06}"
    (folder / f"{name}.eml").write_bytes(mail.as_bytes())
    return name


def test_the_progress_asks_again_until_all_is_loaded(var: Path) -> None:
    assert Client().get("/demo/progress/").content == b""
    write_progress(var, noted("history", 50))
    page = Client().get("/demo/progress/").content.decode()
    assert 'max="100" value="25"' in page
    assert 'hx-trigger="every 3s"' in page
    write_progress(var, noted("live", 200))
    assert Client().get("/demo/progress/").content == b""


@pytest.mark.django_db
def test_home_shows_the_progress_only_in_the_demo(cast: Cast, aki: Client, var: Path) -> None:
    assert 'hx-get="/demo/progress/"' in text_of(aki)


@pytest.mark.django_db
def test_home_asks_for_no_progress_elsewhere(cast: Cast, aki: Client) -> None:
    assert "/demo/" not in text_of(aki)


@pytest.mark.parametrize("address", ["/demo/progress/", "/demo/mails/"])
def test_outside_the_demo_there_is_no_such_page(address: str, settings: Settings) -> None:
    settings.DEMO = False
    assert Client().get(address).status_code == 404


@pytest.mark.django_db
def test_the_mailbox_opens_the_newest_mail_and_follows_no_stream(var: Path) -> None:
    assert "メールはまだ届いていません" in text_of(Client(), "/demo/mails/")
    catch(var, 1, "古い知らせ")
    newest = catch(var, 2)
    page = text_of(Client(), "/demo/mails/")
    assert f"<h2>{SUBJECT}</h2>" in page
    assert 'data-mount="live"' not in page
    assert f'hx-get="/demo/mails/{newest}/"' in page


@pytest.mark.django_db
def test_an_incident_leads_to_the_mail_that_was_caught(cast: Cast, aki: Client, var: Path) -> None:
    cast.message.sent_at = cast.now
    cast.message.save()
    name = catch(var, 1, cast.message.subject)
    page = text_of(aki, "/incidents/incident1/")
    link = page.split('href="/demo/mails/?', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    answer = aki.get(f"/demo/mails/?{link}")
    assert answer["Location"] == f"/demo/mails/{name}/"
    gone = aki.get("/demo/mails/?to=chief@example.jp&subject=nothing")
    assert gone["Location"] == "/demo/mails/"
