"""The office hands user ids over: by letter or link, once, and takes them back."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.internal.flows.login import (
    clear_authentication_records,
    record_authentication,
)
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from noroshi.base import papers
from noroshi.outbox.models import Message
from noroshi.tenants import accounts, factors, letter
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import AuditEntry, Enrolment, IssuedCredential, User
from tests.contracted import make_tenant, set_condition
from tests.factors import give_app
from tests.office.conftest import House

LINK = re.compile(r"/begin/([\w-]{43})/")
PERSON = {
    "name": "みずの べん",
    "email": "ben@example.jp",
    "affiliation": "employee",
    "role": "viewer",
}


@pytest.fixture(autouse=True)
def _kei_has_just_signed_in(house: House, office: Client) -> None:
    if not factors.has_factor(house.staff):
        give_app(house.staff)
    proved(office, house.staff)


def proved(client: Client, user: User, ago: timedelta = timedelta()) -> None:
    """The person gave the password so long ago."""
    request = HttpRequest()
    request.session = client.session
    clear_authentication_records(request)
    with time_machine.travel(timezone.now() - ago):
        record_authentication(request, user, "password")
    request.session.save()


def waiting(house: House, name: str = "みずの べん") -> Enrolment:
    """Somebody whom the contractor named."""
    return Enrolment.objects.create(
        tenant=house.tenant,
        name=name,
        email="ben@example.jp",
        affiliation="employee",
        role="editor",
        named_by=house.user,
        named_at=house.now,
    )


def address(name: str, house: House, *more: object) -> str:
    return reverse(name, args=[house.tenant.code, *more])


def test_a_letter_is_the_answer_itself_and_cannot_be_had_again(
    house: House, office: Client
) -> None:
    line = waiting(house)
    assert "みずの べん" in office.get(address("office-tenant", house)).content.decode()
    answer = office.post(address("office-member-issue", house, line.code), {"way": "letter"})
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert "no-store" in answer["Cache-Control"]
    user = User.objects.get(name="みずの べん")
    assert answer["Content-Disposition"] == f'attachment; filename="noroshi-{user.login}.pdf"'
    assert user.must_change_password
    assert user.memberships.get().role == "editor"
    again = office.post(address("office-member-issue", house, line.code), {"way": "letter"})
    assert again.status_code == 404
    entry = AuditEntry.objects.get(action="user.issued")
    assert (entry.user, entry.tenant) == (house.staff, house.tenant)


def test_a_link_is_shown_once_and_opens_the_choice(house: House, office: Client) -> None:
    page = office.post(address("office-member-new", house), PERSON | {"way": "link"})
    assert "no-store" in page["Cache-Control"]
    token = LINK.findall(page.content.decode())[0]
    user = User.objects.get(name="みずの べん")
    for name, more in (("office-tenant", ()), ("office-member", (user.memberships.get().pk,))):
        assert token not in office.get(address(name, house, *more)).content.decode()
    assert token not in str(dict(office.session))
    assert Client().post(f"/begin/{token}/")["Location"] == "/first/"


@pytest.mark.parametrize(("way", "words"), [("letter", "お手紙"), ("link", "一度だけ")])
def test_the_mail_says_that_it_is_ready_and_holds_no_secret(
    house: House, office: Client, way: str, words: str
) -> None:
    answer = office.post(address("office-member-new", house), PERSON | {"way": way})
    mail = Message.objects.get(kind="account.handed")
    assert mail.address == "ben@example.jp"
    assert words in mail.body
    user = User.objects.get(name="みずの べん")
    text = mail.subject + mail.body
    assert user.login not in text
    assert "/begin/" not in text
    assert not re.search(r"\b[a-z2-9]{4}-[a-z2-9]{4}\b", text)
    if way == "link":
        assert LINK.findall(answer.content.decode())[0] not in text


def test_without_an_address_nothing_is_mailed(house: House, office: Client) -> None:
    office.post(address("office-member-new", house), PERSON | {"way": "letter", "email": ""})
    assert User.objects.filter(name="みずの べん").exists()
    assert not Message.objects.exists()


def test_what_is_typed_wrongly_issues_nothing(house: House, office: Client) -> None:
    wrong = (
        {"login": "aki"},
        {"login": "A B"},
        {"email": "not an address"},
        {"affiliation": "widened"},
        {"way": "mail"},
        {"name": ""},
    )
    for change in wrong:
        answer = office.post(address("office-member-new", house), PERSON | {"way": "link"} | change)
        assert answer.status_code == 200, change
        assert 'role="alert"' in answer.content.decode(), change
    assert User.objects.count() == 2
    assert not Enrolment.objects.exists()


def test_the_limit_of_the_contract_holds_here_too(house: House, office: Client) -> None:
    set_condition(house.tenant, users_max="1")
    waiting(house)
    answer = office.post(address("office-member-new", house), PERSON | {"way": "link"})
    said = answer.content.decode()
    assert "1名までの契約です" in said
    assert User.objects.count() == 2


def test_when_the_letter_cannot_be_printed_nothing_was_issued(
    house: House, office: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setattr(papers, "FONTS", tmp_path)
    line = waiting(house)
    said = office.post(address("office-member-issue", house, line.code), {"way": "letter"})
    assert "the font" in said.content.decode()
    assert not IssuedCredential.objects.exists()
    assert not Message.objects.exists()
    line.refresh_from_db()
    assert line.membership is None


def test_somebody_with_an_id_joins_a_second_contractor(house: House, office: Client) -> None:
    other = make_tenant(name="丘の会", created_at=house.now)
    line = waiting(house, "緑川 あき")
    Enrolment.objects.filter(pk=line.pk).update(tenant=other)
    url = reverse("office-member-issue", args=[other.code, line.code])
    said = office.post(url, {"way": "existing", "login": "x"}).content.decode()
    assert "有効な方はいません" in said
    assert office.post(url, {"way": "existing", "login": "aki"}).status_code == 302
    assert house.user.memberships.count() == 2
    assert not IssuedCredential.objects.exists()


def test_a_new_beginning_ends_the_old_password_and_its_sessions(
    house: House, office: Client
) -> None:
    aki = Client()
    aki.force_login(house.user)
    assert aki.get("/").status_code == 200
    answer = office.post(address("office-member-again", house, house.member.pk), {"way": "letter"})
    assert answer.content.startswith(b"%PDF")
    assert aki.get("/").status_code == 302
    house.user.refresh_from_db()
    assert house.user.state == User.State.ISSUED
    assert not house.user.check_password("a" * 15)


def test_t16_an_old_session_hands_nothing_over_again(house: House, office: Client) -> None:
    proved(office, house.staff, timedelta(seconds=301))
    for name, typed in (
        ("office-member-again", {"way": "link"}),
        ("office-member-factors", {"reason": "x"}),
    ):
        answer = office.post(address(name, house, house.member.pk), typed)
        assert answer["Location"].startswith("/confirm/")
    assert not AuditEntry.objects.filter(user=house.staff).exists()


def test_stop_start_and_close(house: House, office: Client) -> None:
    aki = Client()
    aki.force_login(house.user)
    assert aki.get("/").status_code == 200
    for verb, state in (("stop", "stopped"), ("start", "active"), ("close", "closed")):
        office.post(address("office-member-state", house, house.member.pk, verb))
        house.user.refresh_from_db()
        assert house.user.state == state
        assert aki.get("/").status_code == 302
    url = address("office-member-state", house, house.member.pk, "start")
    said = office.post(url, follow=True).content.decode()
    assert "いまの状態（廃止）からはできません" in said
    unknown = address("office-member-state", house, house.member.pk, "x")
    assert office.post(unknown).status_code == 404


def test_lost_second_factors_are_taken_away_with_a_reason(house: House, office: Client) -> None:
    give_app(house.user)
    url = address("office-member-factors", house, house.member.pk)
    assert 'role="alert"' in office.post(url, {"reason": ""}).content.decode()
    office.post(url, {"reason": "スマートフォンを紛失。電話で折り返して確認"})
    entry = AuditEntry.objects.get(action="user.factors_removed")
    assert "折り返して" in entry.details["reason"]
    page = office.get(address("office-member", house, house.member.pk)).content.decode()
    assert "外す" not in page


def test_the_offices_own_accounts_are_not_looked_after_here(house: House, office: Client) -> None:
    member = house.tenant.memberships.create(user=house.staff, role="admin")
    for answer in (
        office.get(address("office-member", house, member.pk)),
        office.post(address("office-member-again", house, member.pk), {"way": "letter"}),
        office.post(address("office-member-state", house, member.pk, "close")),
        office.post(address("office-member-factors", house, member.pk), {"reason": "x"}),
    ):
        assert answer.status_code == 404


def test_another_contractors_user_is_not_found_under_this_one(house: House, office: Client) -> None:
    other = make_tenant(name="丘の会", created_at=house.now)
    for name, more in (("office-member-again", ()), ("office-member-state", ("stop",))):
        url = reverse(name, args=[other.code, house.member.pk, *more])
        assert office.post(url, {"way": "letter"}).status_code == 404


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_letter_has_one_page_with_everything_on_it(house: House, language: str) -> None:
    house.user.language = language
    house.user.save()
    now = timezone.now()
    handed = accounts.reissue(
        house.user, way="letter", by=Actor(house.staff, house.tenant), now=now
    )
    told = letter.contents(handed, house.tenant, now=now)
    assert told["password"] == handed.secret
    assert told["login"] == "aki"
    year = (now + timedelta(days=14)).year
    with translation.override(language):
        assert (f"{year}年" in letter.day(handed.credential.expires_at)) == (language == "ja")
    assert len(papers.render_png(letter.TEMPLATE, told)) == 1
    # What the QR code says is the address with the id; the password is in no address.
    assert handed.secret not in str(told["qr"])
    assert letter.letter(handed, house.tenant, now=now).startswith(b"%PDF")


def test_the_longest_names_still_fit_one_page(house: House) -> None:
    house.user.name = "長" * 100
    house.user.save()
    house.tenant.name = "名" * 200
    now = timezone.now()
    handed = accounts.reissue(house.user, way="letter", by=Actor(None, house.tenant), now=now)
    told = letter.contents(handed, house.tenant, now=now)
    assert len(papers.render_png(letter.TEMPLATE, told)) == 1
