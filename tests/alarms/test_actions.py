"""What people do with rules, recipients and incidents, and that it is written down."""

from collections.abc import Callable

import pytest

from noroshi.alarms.actions import (
    BadRecipient,
    BadRule,
    Person,
    Terms,
    add_recipient,
    change_recipient,
    change_rule,
    make_rule,
    remove_recipient,
    remove_rule,
)
from noroshi.alarms.deeds import Doer, acknowledge
from noroshi.alarms.models import Incident, Recipient, Rule, RuleState
from noroshi.outbox.addresses import BadAddress
from noroshi.outbox.models import Message
from noroshi.tenants.models import AuditEntry
from tests.alarms.conftest import Store, at

HOT = Terms("temperature", upper=10.0, lower=None, margin=0.5)


def written() -> list[str]:
    told = AuditEntry.objects.exclude(action__startswith="contract.").order_by("pk")
    return list(told.values_list("action", flat=True))


def test_a_rule_is_made_and_watches_from_then_on(store: Store) -> None:
    rule = make_rule(store.device, HOT, [store.aki], by=store.actor, now=at(0))
    assert rule.tenant_id == store.tenant.pk
    assert store.feed((1, 11)).opened == 1
    assert Message.objects.count() == 1
    entry = AuditEntry.objects.get(action="rule.made")
    assert (entry.action, entry.user) == ("rule.made", store.actor.user)
    assert entry.details["upper"] == 10.0
    assert entry.details["recipients"] == ["aki"]


@pytest.mark.parametrize(
    "terms",
    [
        Terms("temperature", None, None),
        Terms("temperature", 2.0, 10.0),
        Terms("temperature", 5.0, 5.0),
        Terms("temperature", 10.0, None, margin=-1),
        Terms("temperature", 10.0, 8.0, margin=3),
        Terms("temperature", 10.0, None, hold_s=-1),
        Terms("temperature", float("nan"), None),
        Terms("temperature", float("inf"), None),
        Terms(" ", 10.0, None),
    ],
)
def test_limits_that_make_no_sense_are_refused_and_nothing_is_kept(
    store: Store, terms: Terms
) -> None:
    with pytest.raises(BadRule):
        make_rule(store.device, terms, [], by=store.actor, now=at(0))
    assert not Rule.objects.exists()
    assert written() == []


def test_a_recipient_of_another_tenant_cannot_be_told(
    store: Store, stranger: Callable[[], Recipient]
) -> None:
    with pytest.raises(BadRule):
        make_rule(store.device, HOT, [stranger()], by=store.actor, now=at(0))


def test_changing_a_limit_ends_the_open_incident_and_says_which(store: Store) -> None:
    rule = make_rule(store.device, HOT, [store.aki], by=store.actor, now=at(0))
    store.feed((1, 11))
    change_rule(rule, Terms("temperature", 20.0, None), [], by=store.actor, now=at(2))
    incident = Incident.objects.get()
    assert (incident.closed_at, incident.closed_value) == (at(2), None)
    assert not RuleState.objects.exists()
    details = AuditEntry.objects.latest("pk").details
    assert details["before"]["upper"] == 10.0
    assert details["after"]["upper"] == 20.0
    assert details["incidents_closed"] == [incident.code]
    assert Message.objects.count() == 1  # nothing recovered, so nothing is told


def test_changing_only_the_recipients_lets_the_incident_go_on(store: Store) -> None:
    rule = make_rule(store.device, HOT, [store.aki], by=store.actor, now=at(0))
    store.feed((1, 11))
    change_rule(rule, HOT, [store.aki, store.ben], by=store.actor, now=at(2))
    assert store.feed((3, 9)).closed == 1
    assert Message.objects.filter(kind="incident.recovered").count() == 2


def test_removing_a_rule_ends_its_incident_and_keeps_it_in_the_history(store: Store) -> None:
    rule = make_rule(store.device, HOT, [store.aki], by=store.actor, now=at(0))
    store.feed((1, 11))
    remove_rule(rule, by=store.actor, now=at(2))
    incident = Incident.objects.get()
    assert (incident.rule_id, incident.closed_at) == (None, at(2))
    assert store.feed((3, 99)).opened == 0
    assert written() == ["rule.made", "rule.removed"]


def test_the_first_to_look_after_an_incident_stands(store: Store) -> None:
    make_rule(store.device, HOT, [], by=store.actor, now=at(0))
    store.feed((1, 11))
    incident = Incident.objects.get()
    assert acknowledge(incident, Doer.member(store.actor), now=at(2))
    assert not acknowledge(incident, Doer.member(store.actor), now=at(3))
    incident.refresh_from_db()
    assert (incident.acknowledged_at, incident.acknowledged_by) == (at(2), store.actor.user)
    assert written() == ["rule.made", "incident.acknowledged"]


def test_recipients_come_change_and_go_in_writing(store: Store) -> None:
    person = Person("Dai", " ｄai@example.jp ")
    dai = add_recipient(person, by=store.actor, now=at(0))
    assert (dai.address, dai.tenant) == ("dai@example.jp", store.tenant)
    changed = Person("Dai", "dai2@example.jp", "en", is_active=False)
    dai = change_recipient(dai, changed, by=store.actor, now=at(1))
    assert (dai.address, dai.language, dai.is_active) == ("dai2@example.jp", "en", False)
    remove_recipient(dai, by=store.actor, now=at(2))
    assert not Recipient.objects.filter(name="Dai").exists()
    assert written() == ["recipient.added", "recipient.changed", "recipient.removed"]


@pytest.mark.parametrize(
    "person",
    [
        Person("", "dai@example.jp"),
        Person("Dai", "dai@example.jp", "fr"),
        Person("Dai", "aki@example.jp"),
        Person("Dai", "dai"),
        Person("D" * 101, "dai@example.jp"),
    ],
)
def test_a_recipient_who_cannot_be_told_is_refused(store: Store, person: Person) -> None:
    with pytest.raises((BadRecipient, BadAddress)):
        add_recipient(person, by=store.actor, now=at(0))
    assert Recipient.objects.count() == 2
    with pytest.raises((BadRecipient, BadAddress)):
        change_recipient(store.ben, person, by=store.actor, now=at(0))
    assert written() == []
