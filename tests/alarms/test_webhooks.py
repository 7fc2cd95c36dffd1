"""Alarms told to machines: each event by itself, at once, as figures."""

import json

import pytest

from noroshi.alarms.actions import (
    BadRecipient,
    Person,
    add_recipient,
    change_recipient,
    remove_recipient,
)
from noroshi.alarms.models import Notice, Policy, Recipient
from noroshi.outbox.models import Hook, Message, Standing
from tests.alarms.conftest import START, Store, at

URL = "https://hook.example.jp/in"
pytestmark = pytest.mark.django_db


def machine(store: Store) -> Recipient:
    person = Person("記録", URL, channel="webhook")
    made = add_recipient(person, by=store.actor, now=START)
    Standing.objects.filter(address=URL).update(confirmed_at=START)
    return made


def test_a_machine_is_told_by_json_at_once_also_in_a_quiet_night(store: Store) -> None:
    Policy.objects.create(
        tenant=store.tenant,
        quiet_from="00:00",
        quiet_until="23:59",
        quiet_events=["opened", "recovered"],
        singles_a_minute=0,
    )
    store.rule().recipients.set([machine(store)])
    store.feed((0, 11))
    store.feed((30, 5))
    opened, recovered = Message.objects.filter(address=URL).order_by("pk")
    assert {opened.channel, recovered.channel} == {"webhook"}
    assert {opened.state, recovered.state} == {"waiting"}
    told = json.loads(opened.body)
    assert told["type"] == "incident.opened"
    assert told["timestamp"] == "2026-11-22T01:00:00.000Z"
    data = told["data"]
    assert (data["value"], data["limit"], data["side"]) == (11, 10, "upper")
    assert (data["state"], data["incident"]) == ("open", opened.about)
    assert data["device"]["code"] == store.device.code
    assert data["quantity"]["key"] == "temperature"
    over = json.loads(recovered.body)
    assert (over["type"], over["data"]["state"]) == ("incident.recovered", "closed")
    assert over["data"]["closed_at"] == "2026-11-22T01:30:00.000Z"
    assert set(Notice.objects.values_list("state", "reason")) == {("posted", "at_once")}


def test_before_a_test_succeeded_what_is_told_is_written_down_and_held(store: Store) -> None:
    store.rule().recipients.set([machine(store)])
    Standing.objects.filter(address=URL).update(confirmed_at=None)
    store.feed((0, 11))
    assert Message.objects.get(address=URL).reason == "untested"


def test_the_url_of_a_machine_stays_and_its_name_may_change(store: Store) -> None:
    made = machine(store)
    with pytest.raises(BadRecipient):
        change_recipient(
            made, Person("記録", URL + "2", channel="webhook"), by=store.actor, now=at(1)
        )
    with pytest.raises(BadRecipient):
        change_recipient(made, Person("記録", "a@example.jp"), by=store.actor, now=at(1))
    change_recipient(made, Person("別名", URL, channel="webhook"), by=store.actor, now=at(1))
    assert Recipient.objects.get(address=URL).name == "別名"


def test_a_machine_that_is_taken_off_leaves_no_secret_and_nothing_waiting(store: Store) -> None:
    made = machine(store)
    store.rule().recipients.set([made])
    store.feed((0, 11))
    remove_recipient(made, by=store.actor, now=at(1))
    assert not Hook.objects.exists()
    assert Message.objects.get(address=URL).state == "given_up"
