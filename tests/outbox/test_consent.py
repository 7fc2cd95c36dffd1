"""Who is asked says yes or no; until then no alarm goes out, and nobody is asked too often."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from noroshi.outbox import codes, consent
from noroshi.outbox.actions import post_all
from noroshi.outbox.consent import NotAsked, Token
from noroshi.outbox.incoming import Arrived, keep, work_off
from noroshi.outbox.models import Message, Standing
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import AuditEntry, Tenant
from tests.contracted import make_tenant
from tests.outbox.conftest import new

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 1, 15, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MAILS = Path(__file__).parent.parent / "payloads" / "mail"
ADDRESS = "ohno@example.jp"  # who wrote person.eml


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant(name="みどり農園", created_at=NOW)


def alarm(tenant: Tenant, number: int, kind: str = "incident.opened") -> tuple[str, str]:
    """(state, reason) of an alarm that is posted now."""
    name = f"a{number}@example.jp"
    post_all(
        [new(number, tenant_id=tenant.pk, kind=kind, address=ADDRESS, message_id=name)], now=NOW
    )
    message = Message.objects.get(message_id=name)
    return message.state, message.reason


def link(tenant: Tenant) -> Token:
    return Token(tenant.pk, Standing.objects.get(tenant=tenant).pk)


def asked() -> int:
    return Message.objects.filter(kind=consent.KIND).count()


def test_who_was_asked_gets_no_alarm_before_the_yes(tenant: Tenant) -> None:
    assert consent.ask(tenant, ADDRESS, "ja", now=NOW)
    mail = Message.objects.get()
    assert (mail.state, mail.address) == ("waiting", ADDRESS)
    assert "みどり農園" in mail.body
    assert alarm(tenant, 1) == ("held", "unconfirmed")
    assert alarm(tenant, 2, "visit.opened") == ("waiting", "")
    assert consent.answer(link(tenant), is_yes=True, now=NOW) is not None
    assert alarm(tenant, 3) == ("waiting", "")
    assert AuditEntry.objects.get(action="recipient.confirmed").subject == ADDRESS


def test_nobody_who_was_never_asked_waits_for_anything(tenant: Tenant) -> None:
    assert alarm(tenant, 1) == ("waiting", "")


def test_a_no_holds_and_cannot_be_undone_by_adding_the_address_again(tenant: Tenant) -> None:
    consent.ask(tenant, ADDRESS, "ja", now=NOW)
    consent.answer(link(tenant), is_yes=False, now=NOW)
    assert alarm(tenant, 1) == ("held", "declined")
    consent.forget(tenant.pk, ADDRESS)
    with pytest.raises(NotAsked, match="断っています"):
        consent.ask(tenant, ADDRESS, "ja", now=NOW + 100 * DAY)
    assert asked() == 1
    consent.answer(link(tenant), is_yes=True, now=NOW)  # but by the person
    assert alarm(tenant, 2) == ("waiting", "")


def test_the_mail_holds_the_link_and_only_our_key_makes_one(tenant: Tenant, settings: Any) -> None:
    consent.ask(tenant, ADDRESS, "en", now=NOW)
    path = consent.link_of(tenant.pk, Standing.objects.get().pk)
    assert f"{settings.BASE_URL}{path}\n" in Message.objects.get().body
    token = path.split("/")[2]
    assert consent.read_link(token) == link(tenant)
    for forged in ("", "x", token[:-1], token[:-1] + ("A" if token[-1] != "A" else "B"), "a:b:c"):
        assert consent.read_link(forged) is None
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "n" * 40
    assert consent.read_link(token) == link(tenant)


def test_a_link_of_one_tenant_answers_for_no_other(tenant: Tenant) -> None:
    other = make_tenant(name="あお商店", created_at=NOW)
    consent.ask(tenant, ADDRESS, "ja", now=NOW)
    number = Standing.objects.get().pk
    assert consent.answer(Token(other.pk, number), is_yes=True, now=NOW) is None
    assert Standing.objects.get().confirmed_at is None


def test_a_person_is_asked_once_a_day_and_three_times_at_most(tenant: Tenant) -> None:
    by = Actor(None, tenant)
    consent.ask(tenant, ADDRESS, "ja", now=NOW)
    with pytest.raises(NotAsked, match="1日に1通"):
        consent.ask_again(ADDRESS, "ja", by=by, now=NOW + 23 * HOUR)
    consent.ask_again(ADDRESS, "ja", by=by, now=NOW + DAY)
    consent.ask_again(ADDRESS, "ja", by=by, now=NOW + 2 * DAY)
    with pytest.raises(NotAsked, match="3通まで"):
        consent.ask_again(ADDRESS, "ja", by=by, now=NOW + 3 * DAY)
    assert asked() == 3
    consent.ask_again(ADDRESS, "ja", by=by, now=NOW + 2 * DAY + consent.FORGOTTEN_AFTER)
    assert asked() == 4


def test_taking_somebody_off_and_adding_again_asks_no_more_often(tenant: Tenant) -> None:
    for number in range(5):
        consent.ask(tenant, ADDRESS, "ja", now=NOW + number * HOUR)
        consent.forget(tenant.pk, ADDRESS)
    assert asked() == 1
    assert alarm(tenant, 1) == ("held", "unconfirmed")


def test_a_thousand_addresses_get_a_hundred_mails_a_day(tenant: Tenant) -> None:
    sent = 0
    for number in range(1000):
        try:
            sent += consent.ask(tenant, f"r{number}@example.com", "ja", now=NOW)
        except NotAsked as reason:
            assert "1日に100通まで" in str(reason)
    assert sent == asked() == consent.ASKED_A_DAY_MAX
    assert consent.ask(tenant, "r999@example.com", "ja", now=NOW + DAY)


def test_who_has_said_yes_is_not_asked_again(tenant: Tenant) -> None:
    consent.ask(tenant, ADDRESS, "ja", now=NOW)
    consent.answer(link(tenant), is_yes=True, now=NOW)
    assert not consent.ask(tenant, ADDRESS, "ja", now=NOW + 2 * DAY)
    with pytest.raises(NotAsked):
        consent.ask_again(ADDRESS, "ja", by=Actor(None, tenant), now=NOW + 2 * DAY)
    assert asked() == 1


@pytest.mark.parametrize(
    ("name", "sender", "state"),
    [
        ("person", ADDRESS, "confirmed"),
        ("person", "Ohno@Example.JP", "confirmed"),
        ("person", "somebody@example.jp", "unconfirmed"),
        ("holiday", ADDRESS, "unconfirmed"),
        ("holiday", "", "unconfirmed"),
    ],
)
def test_an_answer_to_the_question_is_a_yes_from_a_person_at_that_address_only(
    tenant: Tenant, settings: Any, name: str, sender: str, state: str
) -> None:
    settings.RETURN_DOMAIN = "back.example.jp"
    consent.ask(tenant, ADDRESS, "ja", now=NOW)
    to = codes.address(codes.ANSWER, Message.objects.get().pk)
    keep(Arrived("192.0.2.7", sender, to, (MAILS / f"{name}.eml").read_bytes()), now=NOW)
    work_off(NOW)
    assert consent.wanted_of(tenant.pk, [ADDRESS])[ADDRESS].state == state


def test_an_answer_to_an_alarm_confirms_nothing(tenant: Tenant, settings: Any) -> None:
    settings.RETURN_DOMAIN = "back.example.jp"
    consent.ask(tenant, ADDRESS, "ja", now=NOW)
    alarm(tenant, 1)
    to = codes.address(codes.ANSWER, Message.objects.get(kind="incident.opened").pk)
    keep(Arrived("192.0.2.7", ADDRESS, to, (MAILS / "person.eml").read_bytes()), now=NOW)
    work_off(NOW)
    assert consent.wanted_of(tenant.pk, [ADDRESS])[ADDRESS].state == "unconfirmed"


def test_a_contract_that_wants_no_question_waits_for_nobody(tenant: Tenant) -> None:
    consent.ask(tenant, ADDRESS, "ja", now=NOW)
    consent.ask_nobody(tenant.pk, ADDRESS, now=NOW)
    assert alarm(tenant, 1) == ("waiting", "")
