"""My account: name, language, mail, devices; and that nothing of it is anybody else's."""

import re
from datetime import timedelta

import pytest
import time_machine
from axes.models import AccessAttempt, AccessFailureLog
from django.urls import get_resolver
from django.utils import timezone

from noroshi.account import urls
from noroshi.outbox.models import Message
from noroshi.tenants import sign_ins
from noroshi.tenants.agents import label_of
from noroshi.tenants.models import AuditEntry, KnownDevice, SignIn, User
from tests.account.conftest import FIREFOX, SAFARI, Hall, browser, sign_in, signed_in

NAMES = {
    *("account_login", "sign-in", "sign-out", "mfa_login_webauthn", "mfa_authenticate"),
    *("first-password", "first-link", "forgotten", "reset", "reset-done", "confirm", "password"),
    *("account", "mfa_index", "sessions-end", "device-forget", "account-mail", "mail-confirm"),
    *("factor-set-up", "mfa_activate_totp", "mfa_deactivate_totp", "mfa_add_webauthn"),
    *("mfa_remove_webauthn", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"),
}
NOT_ROUTED = ("account_signup", "account_email", "socialaccount_login", "usersessions_list")


def test_only_these_addresses_of_the_front_hall_exist() -> None:
    assert {str(one.name) for one in urls.urlpatterns} == NAMES
    known = {key for key in get_resolver().reverse_dict if isinstance(key, str)}
    assert not known & set(NOT_ROUTED)
    libraries = {name for name in known if name.startswith(("account_", "mfa_", "usersessions_"))}
    assert libraries <= NAMES


def test_name_language_and_zone_are_kept_and_written_down(hall: Hall) -> None:
    client = signed_in("aki")
    told = {"name": "緑川 亜紀", "language": "en", "zone": "Europe/Berlin"}
    assert client.post("/account/", told).status_code == 302
    user = User.objects.get(login="aki")
    assert (user.name, user.language, user.zone) == tuple(told.values())
    entry = AuditEntry.objects.get(action="user.profile_changed")
    assert entry.details["before"]["name"] == "緑川 あき"
    assert entry.details["after"] == told


def test_a_wrong_zone_and_an_empty_name_are_refused(hall: Hall) -> None:
    client = signed_in("aki")
    told = {"name": "", "language": "fr", "zone": "Mars/Phobos", "kind": "staff", "state": "closed"}
    page = client.post("/account/", told)
    assert set(page.context["form"].errors) == {"name", "language", "zone"}
    assert User.objects.get(login="aki").kind == "person"


def test_a_new_mail_address_holds_only_after_its_own_mail_was_answered(hall: Hall) -> None:
    client = signed_in("aki")
    client.post("/account/mail/", {"email": "new@example.jp"})
    assert User.objects.get(login="aki").email == "aki@example.jp"
    mail = Message.objects.get(kind="account.confirm")
    assert mail.address == "new@example.jp"
    link = re.search(r"http://127.0.0.1:8000(/account/mail/\S+)", mail.body)
    assert link is not None
    assert signed_in("aki", FIREFOX).get(link[1]).status_code == 200
    assert User.objects.get(login="aki").email == "aki@example.jp"  # looking changes nothing
    client.post(link[1])
    assert User.objects.get(login="aki").email == "new@example.jp"
    told = Message.objects.get(kind="account.changed")
    assert told.address == "aki@example.jp"
    assert AuditEntry.objects.get(action="user.mail_changed").details["after"] == "new@example.jp"
    assert client.post(link[1]).status_code == 404  # once


def test_a_mail_link_of_somebody_else_or_of_yesterday_changes_nothing(hall: Hall) -> None:
    give = {"email": "new@example.jp"}
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = signed_in("aki")
        client.post("/account/mail/", give)
        body = Message.objects.get(kind="account.confirm").body
        path = re.search(r"(/account/mail/\S+)", body)
        assert path is not None
        User.objects.create_user("ben", "b" * 20, name="べん", email="ben@example.jp")
        other = browser()
        sign_in(other, "ben", "b" * 20)
        assert other.post(path[1]).status_code == 404
        clock.shift(timedelta(hours=25))
        assert signed_in("aki").post(path[1]).status_code == 404
    assert User.objects.get(login="aki").email == "aki@example.jp"


def test_a_forgotten_device_counts_as_new_again(hall: Hall) -> None:
    client = signed_in("aki")
    device = KnownDevice.objects.get(user=hall.aki)
    signed_in("kei").post("/account/devices/", {"number": device.pk})
    assert KnownDevice.objects.filter(pk=device.pk).exists()
    client.post("/account/devices/", {"number": device.pk})
    client.post("/sign-out/")
    sign_in(client, "aki")
    assert SignIn.objects.filter(user=hall.aki, outcome="ok").latest("id").is_new_device


def test_the_page_shows_the_own_sign_ins_and_nobody_elses(hall: Hall) -> None:
    sign_in(browser(FIREFOX, "198.51.100.9"), "sora", "wrong")
    page = signed_in("aki").get("/account/").content.decode()
    assert "iPhone / Safari" in page
    assert "Linux / Firefox" not in page


def test_old_lines_devices_and_counters_are_forgotten(hall: Hall) -> None:
    now = timezone.now()
    ages = {"young": timedelta(hours=1), "old": timedelta(days=3 * 366 + 1)}
    for name, age in ages.items():
        at = now - age
        SignIn.objects.create(user=hall.aki, at=at, outcome="ok", device=name)
        KnownDevice.objects.create(
            user=hall.aki, cookie_sha256=name, label=name, first_at=at, last_at=at
        )
        for model in (AccessAttempt, AccessFailureLog):
            extra = {"failures_since_start": 1} if model is AccessAttempt else {}
            row = model.objects.create(username=name, user_agent="x", ip_address="1.1.1.1", **extra)
            model.objects.filter(pk=row.pk).update(attempt_time=at)
    assert sign_ins.prune(now) == 4
    assert [line.device for line in SignIn.objects.all()] == ["young"]
    assert [device.label for device in KnownDevice.objects.all()] == ["young"]
    assert [row.username for row in AccessAttempt.objects.all()] == ["young"]
    assert [row.username for row in AccessFailureLog.objects.all()] == ["young"]


CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (SAFARI, "iPhone / Safari"),
        (FIREFOX, "Linux / Firefox"),
        (CHROME, "Windows / Chrome"),
        (f"{CHROME} Edg/131.0.0.0", "Windows / Edge"),
        (CHROME.replace("Windows NT 10.0; Win64; x64", "Linux; Android 14; K"), "Android / Chrome"),
        (CHROME.replace("Windows NT 10.0; Win64; x64", "Macintosh"), "Mac / Chrome"),
        ("curl/8.5.0", ""),
        ("", ""),
    ],
)
def test_a_browser_is_named_in_two_words(agent: str, words: str) -> None:
    assert label_of(agent) == words
