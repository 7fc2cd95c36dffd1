"""What comes back is kept before anything else, then understood; addresses stop and start."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from noroshi.outbox import codes, incoming, standing
from noroshi.outbox.actions import NewMessage, post_all
from noroshi.outbox.due import Sender
from noroshi.outbox.incoming import Arrived, NoRoom, keep, work_off
from noroshi.outbox.models import Delivery, Incoming, Message, Standing
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import AuditEntry, Membership, Tenant, User
from tests.contracted import make_tenant
from tests.outbox.conftest import MailServer

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 1, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MAILS = Path(__file__).parent.parent / "payloads" / "mail"
ADDRESS = "taro@example.com"


@pytest.fixture(autouse=True)
def domain(settings: Any) -> None:
    settings.RETURN_DOMAIN = "back.example.jp"
    settings.MAIL_FROM = "のろし <noroshi@example.jp>"


@pytest.fixture
def tenant() -> Tenant:
    tenant = make_tenant(name="みどり農園", created_at=NOW)
    aki = User.objects.create_user("aki", "a-long-password", name="Aki", email="aki@example.jp")
    Membership.objects.create(tenant=tenant, user=aki, role=Membership.Role.ADMIN)
    return tenant


def new(tenant: Tenant | None, number: int, **fields: Any) -> NewMessage:
    plain: dict[str, Any] = {
        "kind": "incident.opened", "about": f"i{number}", "address": ADDRESS, "subject": "s",
        "body": "b", "message_id": f"i{number}.opened@example.jp", "thread_id": "",
        "language": "ja",
    }  # fmt: skip
    return NewMessage(tenant_id=tenant.pk if tenant else None, **(plain | fields))


def sent(tenant: Tenant | None, number: int, at: datetime = NOW) -> Message:
    """A mail that a server took."""
    post_all([new(tenant, number)], now=at)
    rows = Message.objects.filter(message_id=f"i{number}.opened@example.jp")
    rows.update(state=Message.State.SENT, sent_at=at)
    return rows.get()


def back(message: Message, name: str, way: str = codes.BOUNCE, now: datetime = NOW) -> Incoming:
    """A mail on disk comes back about a message, and is worked off."""
    raw = (MAILS / f"{name}.eml").read_bytes()
    sender = raw.splitlines()[0].decode().partition("<")[2].rstrip(">")
    kept = keep(Arrived("192.0.2.7", sender, codes.address(way, message.pk), raw), now=now)
    assert kept.state == Incoming.State.WAITING
    assert bytes(kept.raw) == raw
    work_off(now)
    kept.refresh_from_db()
    return kept


def outcomes(message: Message) -> list[tuple[str, int | None]]:
    return list(message.deliveries.order_by("pk").values_list("outcome", "code"))


def test_a_bounce_stands_in_the_ledger_of_its_message(tenant: Tenant) -> None:
    message = sent(tenant, 1)
    mail = back(message, "postfix_unknown_user")
    message.refresh_from_db()
    assert (message.state, message.failure) == ("bounced", "hard")
    assert "User unknown" in message.last_answer
    assert outcomes(message) == [("bounced", 550)]
    assert (mail.state, mail.kind, mail.message_id) == ("done", "bounce", message.pk)


def test_a_delay_is_noted_and_the_message_stays_sent(tenant: Tenant) -> None:
    message = sent(tenant, 1)
    back(message, "postfix_delayed")
    message.refresh_from_db()
    assert (message.state, message.failure) == ("sent", "")
    assert outcomes(message) == [("delayed", 450)]


@pytest.mark.parametrize(
    ("name", "way", "state", "kind"),
    [
        ("holiday", "b", "done", "automatic"),
        ("holiday", "a", "done", "automatic"),
        ("person", "a", "kept", "reply"),
        ("person", "b", "kept", "other"),
        ("complaint", "b", "kept", "other"),
        ("postfix_unknown_user", "a", "kept", "bounce"),
    ],
)
def test_what_the_house_does_not_understand_is_kept_whole_for_people(
    tenant: Tenant, name: str, way: str, state: str, kind: str
) -> None:
    message = sent(tenant, 1)
    mail = back(message, name, way)
    message.refresh_from_db()
    assert (mail.state, mail.kind) == (state, kind)
    assert message.state == "sent"
    assert not Delivery.objects.exists()
    if state == "kept":
        assert bytes(mail.raw) == (MAILS / f"{name}.eml").read_bytes()


def test_nothing_that_comes_in_is_answered(tenant: Tenant) -> None:
    message = sent(tenant, 1)
    for name in sorted(file.stem for file in MAILS.glob("*.eml")):
        back(message, name)
    assert Message.objects.count() == 1


def test_a_bounce_to_the_plain_sender_moves_no_message_whatever_it_says(tenant: Tenant) -> None:
    sent(tenant, 1)
    raw = (MAILS / "postfix_unknown_user.eml").read_bytes()
    keep(Arrived("192.0.2.7", "", "noroshi@example.jp", raw), now=NOW)
    work_off(NOW)
    assert Incoming.objects.get().state == "kept"
    assert Message.objects.get().state == "sent"


def test_three_hard_bounces_in_a_row_stop_the_address_and_tell_the_contractor(
    tenant: Tenant,
) -> None:
    messages = [sent(tenant, number, NOW + number * MINUTE) for number in range(3)]
    for message in messages[:2]:
        back(message, "postfix_unknown_user")
    assert standing.stopped_of(tenant.pk) == {}
    back(messages[2], "postfix_unknown_user", now=NOW + 5 * MINUTE)
    assert list(standing.stopped_of(tenant.pk)) == [ADDRESS]
    told = Message.objects.get(kind="address.stopped")
    assert told.address == "aki@example.jp"
    assert ADDRESS in told.subject
    assert "User unknown" in told.body
    assert AuditEntry.objects.get(action="address.stopped").tenant == tenant


def test_a_stopped_address_gets_nothing_and_the_ledger_says_why(
    tenant: Tenant, server: MailServer
) -> None:
    post_all([new(tenant, 9)], now=NOW)
    waiting = Message.objects.get()
    for number in range(3):
        back(sent(tenant, number), "exim")
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("held", "stopped")
    post_all([new(tenant, 10), new(tenant, 11, kind="recipient.confirm")], now=NOW)
    held = Message.objects.get(message_id="i10.opened@example.jp")
    assert (held.state, held.reason) == ("held", "stopped")
    assert "止めています" in held.get_reason_display()
    Sender().send_due(NOW + MINUTE)
    assert ADDRESS in {to for to, _ in server.mails}  # asked for by a person
    assert len(server.mails) == 2  # and the administrator


def test_the_same_address_of_another_contractor_goes_on(tenant: Tenant) -> None:
    other = make_tenant(name="あお商店", created_at=NOW)
    for number in range(3):
        back(sent(tenant, number), "exim")
    post_all([new(other, 20)], now=NOW)
    assert Message.objects.get(message_id="i20.opened@example.jp").state == "waiting"


def test_a_mail_that_arrived_in_between_breaks_the_row(tenant: Tenant) -> None:
    messages = [sent(tenant, number, NOW + number * MINUTE) for number in range(4)]
    later = NOW + timedelta(hours=2)
    for message in (messages[0], messages[1], messages[3]):
        back(message, "exim", now=later)
    assert standing.stopped_of(tenant.pk) == {}
    back(messages[2], "exim", now=later)  # it had not arrived after all
    assert list(standing.stopped_of(tenant.pk)) == [ADDRESS]


@pytest.mark.parametrize("name", ["full_for_five_days", "exchange_policy"])
def test_a_full_box_and_a_policy_stop_nothing(tenant: Tenant, name: str) -> None:
    for number in range(4):
        back(sent(tenant, number), name)
    assert set(Message.objects.values_list("state", flat=True)) == {"bounced"}
    assert not Standing.objects.exists()


def test_one_bounce_that_comes_three_times_counts_once(tenant: Tenant) -> None:
    message = sent(tenant, 1)
    for _ in range(3):
        back(message, "exim")
    assert standing.stopped_of(tenant.pk) == {}


def test_a_server_that_refuses_three_times_stops_the_address_too(
    tenant: Tenant, server: MailServer
) -> None:
    server.at_rcpt[ADDRESS] = "550 5.1.1 no such user"
    post_all([new(tenant, number) for number in range(4)], now=NOW)
    Sender().send_due(NOW)
    assert list(standing.stopped_of(tenant.pk)) == [ADDRESS]
    by_state = sorted(Message.objects.filter(address=ADDRESS).values_list("state", flat=True))
    assert by_state == ["given_up", "given_up", "given_up", "held"]
    assert server.tries.count(ADDRESS) == 3


def test_a_server_that_relays_nothing_stops_no_address(tenant: Tenant, server: MailServer) -> None:
    server.at_rcpt[ADDRESS] = "554 5.7.1 Relay access denied"
    post_all([new(tenant, number) for number in range(4)], now=NOW)
    Sender().send_due(NOW)
    assert not Standing.objects.exists()


def test_a_person_lets_mails_go_again_and_three_more_stop_them_again(tenant: Tenant) -> None:
    for number in range(3):
        back(sent(tenant, number), "exim")
    later = NOW + timedelta(hours=3)
    by = Actor(User.objects.get(login="aki"), tenant)
    assert standing.lift(ADDRESS, by=by, now=later)
    assert not standing.lift(ADDRESS, by=by, now=later)
    assert AuditEntry.objects.get(action="address.lifted").user == by.user
    for number in range(10, 12):
        back(sent(tenant, number, later + MINUTE), "exim", now=later + 2 * MINUTE)
    assert standing.stopped_of(tenant.pk) == {}
    back(sent(tenant, 12, later + MINUTE), "exim", now=later + 2 * MINUTE)
    assert list(standing.stopped_of(tenant.pk)) == [ADDRESS]


def test_mails_of_the_provider_itself_stop_no_address() -> None:
    for number in range(4):
        back(sent(None, number), "exim")
    assert set(Message.objects.values_list("state", flat=True)) == {"bounced"}
    assert not Standing.objects.exists()


def test_outgoing_mails_carry_their_codes(tenant: Tenant, server: MailServer) -> None:
    post_all([new(tenant, 1)], now=NOW)
    Sender().send_due(NOW)
    message = Message.objects.get()
    head = server.mails[0][1].partition(b"\r\n\r\n")[0].decode()
    assert f"Reply-To: <{codes.address('a', message.pk)}>\r\n" in head
    assert server.senders == [codes.address("b", message.pk)]


def test_too_much_that_waits_puts_new_mails_off(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "OPEN_MAX", 2)
    mail = Arrived("192.0.2.7", "x@example.jp", "noroshi@example.jp", b"Subject: x\r\n\r\nx")
    keep(mail, now=NOW)
    keep(mail, now=NOW)
    work_off(NOW)
    with pytest.raises(NoRoom):
        keep(mail, now=NOW)
    incoming.close(Incoming.objects.earliest("pk"), by=Actor(None, None), now=NOW)
    keep(mail, now=NOW)


def test_one_message_brings_back_a_bounded_number_of_mails(tenant: Tenant) -> None:
    message = sent(tenant, 1)
    for _ in range(incoming.OF_ONE_MESSAGE_MAX):
        back(message, "exim")
    with pytest.raises(NoRoom):
        back(message, "exim")


def test_a_mail_on_which_programs_die_goes_to_people(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Death(BaseException):
        pass

    def die(*_args: object, **_more: object) -> None:
        raise Death

    mail = Arrived("192.0.2.7", "x@example.jp", "noroshi@example.jp", b"Subject: x\r\n\r\nx")
    keep(mail, now=NOW)
    monkeypatch.setattr(incoming.bounces, "read", die)
    for _ in range(incoming.TRIES_MAX):
        with pytest.raises(Death):
            work_off(NOW)
        assert Incoming.objects.get().state == "waiting"
    work_off(NOW)
    assert Incoming.objects.get().state == "kept"


def test_what_is_past_its_time_goes_and_what_waits_for_people_stays(tenant: Tenant) -> None:
    message = sent(tenant, 1)
    done, reply = back(message, "exim"), back(message, "person", "a")
    closed = back(message, "complaint")
    incoming.close(closed, by=Actor(None, None), now=NOW)
    assert incoming.prune(NOW + timedelta(days=59)) == 0
    assert incoming.prune(NOW + timedelta(days=61)) == 1
    assert not Incoming.objects.filter(pk=done.pk).exists()
    assert incoming.prune(NOW + timedelta(days=401)) == 1
    assert Incoming.objects.get().pk == reply.pk


def test_the_notice_speaks_the_administrators_language(tenant: Tenant) -> None:
    User.objects.update(language="en")
    with translation.override("ja"):
        for number in range(3):
            back(sent(tenant, number), "exim")
    assert Message.objects.get(kind="address.stopped").subject.startswith("[Notice]")
