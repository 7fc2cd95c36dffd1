"""Many terminals of one network silent at once are one incident of the provider."""

import random
from collections.abc import Sequence
from datetime import time, timedelta

import pytest
from django.db import IntegrityError, transaction

from noroshi.alarms import gathering, outage_mails, outages, overdue
from noroshi.alarms.actions import remove_recipient
from noroshi.alarms.models import (
    Awake,
    Incident,
    Notice,
    Outage,
    OutageNotice,
    OutageTenant,
    Policy,
    Recipient,
    Rule,
)
from noroshi.devices.models import Device, Heartbeat, Thing
from noroshi.outbox.models import Message
from noroshi.tenants.models import Tenant
from tests.alarms.conftest import START, Store, at
from tests.contracted import make_tenant

DEVICES = 20
INTERVAL_MIN = 10
NOTICED = 26  # two intervals and five minutes, and a look
PATIENCE = 3 * INTERVAL_MIN + 10


def make(
    store: Store, tenant: Tenant, to: Sequence[Recipient], *, count: int, space: str = "sigfox"
) -> list[Device]:
    """Terminals heard at the start, each with a rule on its silence."""
    first = Thing.objects.count()
    things = Thing.objects.bulk_create(
        Thing(type=store.device.type, space=space, address=f"f{first + n}", registered_at=START)
        for n in range(count)
    )
    devices = Device.objects.bulk_create(
        Device(
            tenant=tenant, name=one.address, type=store.device.type, space=space,
            address=one.address, registered_at=START, thing=one, interval_s=INTERVAL_MIN * 60,
        )
        for one in things
    )  # fmt: skip
    for device in devices:
        Heartbeat.objects.create(
            device=device, tenant=tenant, sent_at=at(0), received_at=at(0), gateways=1
        )
        rule = Rule.objects.create(
            tenant=tenant, device=device, key="", kind="silence", created_at=START
        )
        rule.recipients.set(to)
    return devices


@pytest.fixture
def field(store: Store) -> list[Device]:
    """Aki's terminals, heard every ten minutes until the start; the house has long been up."""
    Awake.objects.create(since=at(-1000), until=at(0))
    return make(store, store.tenant, [store.aki, store.ben], count=DEVICES)


@pytest.fixture
def chie(store: Store) -> Recipient:
    """A stranger, who has terminals in the same network."""
    other = make_tenant(name="other", created_at=START)
    return Recipient.objects.create(
        tenant=other, name="Chie", code="chie", address="chie@example.jp", created_at=START
    )


def hear(devices: Sequence[Device], minutes: float) -> None:
    beats = Heartbeat.objects.filter(device__in=devices)
    beats.update(sent_at=at(minutes), received_at=at(minutes))


def look(minutes: float) -> int:
    """A turn of the clock while the house is up: it was so until just before."""
    Awake.objects.update(until=at(minutes - 0.5))
    return outages.look(at(minutes), is_awake=True)


def tell(minutes: float) -> int:
    Awake.objects.update(until=at(minutes - 0.5))
    return overdue.tell(at(minutes), is_awake=True)


def mails() -> list[tuple[str, str]]:
    found = Message.objects.order_by("pk").values_list("kind", "address")
    return [(kind.removeprefix("incident."), to.partition("@")[0]) for kind, to in found]


def test_one_calm_mail_for_each_recipient_and_one_when_it_is_over(
    store: Store, field: list[Device]
) -> None:
    assert [look(20), look(NOTICED), look(27), look(28)] == [0, 1, 0, 0]
    outage = Outage.objects.get()
    assert (outage.space, outage.began_at, outage.silent) == ("sigfox", at(0), DEVICES)
    assert OutageTenant.objects.get().silent == DEVICES
    assert mails() == [("outage", "aki"), ("outage", "ben")]
    told = Message.objects.get(address="aki@example.jp")
    assert told.subject == "【お知らせ】Sigfoxの障害のため、通知が遅れています"
    assert "はじまり: 11月22日(日) 10:00ごろ" in told.body
    assert "受信できない御社の端末: 20台" in told.body
    assert "[Notice] Sigfox is out" in Message.objects.get(language="en").subject
    hear(field, 40)
    assert [look(41), look(42)] == [1, 0]
    assert mails()[2:] == [("outage_over", "aki"), ("outage_over", "ben")]
    over = Message.objects.get(address="aki@example.jp", kind="incident.outage_over")
    assert over.subject == "【復旧】Sigfoxの障害が終わりました 11月22日(日) 10:41"
    assert "障害: 11月22日(日) 10:00ごろから41分" in over.body
    assert over.thread_id == told.message_id
    outage.refresh_from_db()
    assert (outage.ended_at, outage.came_back) == (at(41), True)


def test_while_it_lasts_no_terminal_in_it_is_silent_by_itself(
    store: Store, field: list[Device]
) -> None:
    look(NOTICED)
    assert [tell(minutes) for minutes in (PATIENCE + 1, 600)] == [0, 0]
    assert not Incident.objects.exists()


def test_an_outage_extends_every_deadline_by_its_length(store: Store, field: list[Device]) -> None:
    look(NOTICED)
    hear(field[1:], 60)
    assert look(61) == 1
    hear(field[1:], 61 + PATIENCE)
    assert tell(61 + PATIENCE - 0.1) == 0
    assert tell(61 + PATIENCE + 0.1) == 1  # it was heard as the outage began
    assert Incident.objects.get().device == field[0]
    assert Notice.objects.filter(state="posted", event="opened").count() == 2


def test_what_is_out_for_a_day_is_told_terminal_by_terminal(
    store: Store, field: list[Device]
) -> None:
    look(NOTICED)
    day = 24 * 60
    assert [look(day - 1), look(day)] == [0, 1]
    assert mails()[2:] == [("outage_long", "aki"), ("outage_long", "ben")]
    assert not Outage.objects.get().came_back
    assert [tell(day + PATIENCE - 0.1), tell(day + PATIENCE + 0.1)] == [0, DEVICES]
    assert [look(day + PATIENCE), look(2 * day)] == [0, 0]  # nobody fell silent just now
    assert Outage.objects.count() == 1


def test_a_few_silent_ones_are_their_own_affair(store: Store, field: list[Device]) -> None:
    hear(field[9:], 25)
    assert look(NOTICED) == 0
    assert tell(PATIENCE + 1) == 9


def test_who_has_been_silent_for_long_does_not_count(store: Store, field: list[Device]) -> None:
    hear(field[10:], 300)
    assert look(301) == 0


def test_it_goes_on_until_four_fifths_are_back(store: Store, field: list[Device]) -> None:
    look(NOTICED)
    hear(field[: DEVICES // 2], 30)
    assert look(31) == 0
    hear(field[: DEVICES - 4], 35)
    assert look(36) == 1


def test_the_network_may_have_slow_terminals_that_cannot_tell_yet(
    store: Store, field: list[Device]
) -> None:
    slow = make(store, store.tenant, [store.aki], count=60)
    Device.objects.filter(pk__in=[one.pk for one in slow]).update(interval_s=3600)
    assert look(NOTICED) == 1  # not one of all was heard, and 25 should have been
    assert Outage.objects.get().silent == DEVICES


def test_slow_terminals_that_are_heard_say_that_it_is_not_the_network(
    store: Store, field: list[Device]
) -> None:
    slow = make(store, store.tenant, [store.aki], count=60)
    Device.objects.filter(pk__in=[one.pk for one in slow]).update(interval_s=3600)
    hear(slow[:5], 10)
    assert look(NOTICED) == 0


def test_a_contractor_whose_terminals_are_heard_is_not_in_it(
    store: Store, field: list[Device], chie: Recipient
) -> None:
    theirs = make(store, chie.tenant, [chie], count=5)
    hear(theirs[:4], 25)
    assert look(NOTICED) == 1
    assert ("outage", "chie") not in mails()
    hear(theirs[:4], 40)
    assert tell(PATIENCE + 1) == 1  # its own silent one is told as always
    hear(theirs[:4], 20)
    assert look(60) == 0  # now they are out, too
    assert mails().count(("outage", "chie")) == 1
    assert OutageTenant.objects.get(tenant=chie.tenant).silent == 5


def test_each_contractor_learns_when_its_own_are_back(
    store: Store, field: list[Device], chie: Recipient
) -> None:
    theirs = make(store, chie.tenant, [chie], count=2)
    look(NOTICED)
    hear(theirs, 30)
    look(31)
    assert mails()[-1] == ("outage_over", "chie")
    assert OutageTenant.objects.get(tenant=chie.tenant).ended_at == at(31)
    assert Outage.objects.filter(ended_at=None).exists()
    hear([*field, *theirs], 50)
    look(51)
    assert mails().count(("outage_over", "chie")) == 1
    assert mails().count(("outage_over", "aki")) == 1


def test_a_contractor_without_any_terminal_left_is_told_nothing_more(
    store: Store, field: list[Device]
) -> None:
    look(NOTICED)
    Device.objects.update(retired_at=at(30))
    assert look(31) == 1
    assert {kind for kind, _to in mails()} == {"outage"}


def test_terminals_of_no_network_in_particular_are_told_one_by_one(store: Store) -> None:
    Awake.objects.create(since=at(-1000), until=at(0))
    make(store, store.tenant, [store.aki], count=DEVICES, space="generic")
    assert look(NOTICED) == 0
    assert tell(PATIENCE + 1) == DEVICES


def test_our_own_outage_is_none_of_the_network(store: Store, field: list[Device]) -> None:
    assert outages.look(at(60), is_awake=False) == 0
    assert outages.look(at(60), is_awake=True) == 0  # the clock is the first to see it is over
    assert [look(84), look(86)] == [0, 1]


def test_our_own_outage_does_not_end_one_of_the_network(store: Store, field: list[Device]) -> None:
    look(NOTICED)
    hear(field[:2], 60)
    assert outages.look(at(60), is_awake=True) == 0
    assert Outage.objects.get().ended_at is None


def test_who_is_stopped_gets_none_and_the_ledger_says_so(store: Store, field: list[Device]) -> None:
    Recipient.objects.filter(pk=store.ben.pk).update(is_active=False)
    look(NOTICED)
    hear(field, 40)
    look(41)
    assert mails() == [("outage", "aki"), ("outage_over", "aki")]
    ben = OutageNotice.objects.get(recipient=store.ben)
    assert (ben.event, ben.state, ben.reason) == ("begun", "dropped", "stopped")


@pytest.mark.parametrize(
    ("back", "wanted"), [(60, ["outage_over"]), (180, ["outage", "outage_over"])]
)
def test_in_the_quiet_time_it_waits_and_then_says_all_in_one(
    store: Store, field: list[Device], back: int, wanted: list[str]
) -> None:
    Policy.objects.create(
        tenant=store.tenant, quiet_from=time(9), quiet_until=time(12), quiet_events=["opened"]
    )
    look(NOTICED)
    assert mails() == []
    for minutes in (back, 120, 121, 190):  # noon is at 120
        if minutes >= back:
            hear(field, minutes)
        look(minutes)
    assert [kind for kind, to in mails() if to == "aki"] == wanted
    assert OutageNotice.objects.filter(state="waiting").count() == 0


def test_who_is_taken_off_the_list_while_it_waits_gets_nothing(
    store: Store, field: list[Device]
) -> None:
    Policy.objects.create(
        tenant=store.tenant, quiet_from=time(9), quiet_until=time(12), quiet_events=["opened"]
    )
    look(NOTICED)
    remove_recipient(store.ben, by=store.actor, now=at(60))
    assert outage_mails.send_due(at(121)) == 2
    assert mails() == [("outage", "aki")]
    ben = OutageNotice.objects.get(name="Ben")
    assert (ben.recipient, ben.state, ben.reason) == (None, "dropped", "removed")


def test_a_network_is_out_once(store: Store, field: list[Device]) -> None:
    look(NOTICED)
    with pytest.raises(IntegrityError), transaction.atomic():
        Outage.objects.create(space="sigfox", began_at=at(0), noticed_at=at(30), known=1, silent=1)


def test_outages_are_forgotten_after_their_time(store: Store, field: list[Device]) -> None:
    look(NOTICED)
    assert outages.prune(at(26) + timedelta(days=500)) == 0
    hear(field, 40)
    look(41)
    assert outages.prune(at(41) + timedelta(days=399)) == 0
    assert outages.prune(at(41) + timedelta(days=401)) > 0
    assert not OutageNotice.objects.exists()


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_nobody_is_told_twice_and_no_dead_terminal_is_lost(
    store: Store, field: list[Device], seed: int
) -> None:
    """Ten hours of chance: outages of the network and of ours, terminals that die for good."""
    chance = random.Random(seed)
    dead = {one.pk: chance.randrange(0, 300) for one in chance.sample(field, 4)}
    begin = chance.randrange(30, 200)
    out = range(begin, begin + chance.randrange(40, 200))
    away = range(*sorted((chance.randrange(60, 400), chance.randrange(60, 400))))
    lags = {one.pk: chance.randrange(INTERVAL_MIN) for one in field}
    Policy.objects.create(tenant=store.tenant, singles_a_minute=100, mails_an_hour=1000)
    for minutes in range(1, 800):
        heard = [
            one
            for one in field
            if (minutes - lags[one.pk]) % INTERVAL_MIN == 0
            and minutes < dead.get(one.pk, 10_000)
            and minutes not in out
        ]
        if heard and minutes not in away:
            hear(heard, minutes)
        if minutes % 4 == 0:
            is_awake = minutes not in away
            if is_awake:
                last = Awake.objects.order_by("-since")[0]
                if at(minutes) - last.until < timedelta(minutes=5):
                    Awake.objects.filter(pk=last.pk).update(until=at(minutes - 1))
            outages.look(at(minutes), is_awake=is_awake)
            overdue.tell(at(minutes), is_awake=is_awake)
            gathering.send_due(at(minutes))
    for event in ("begun", "over"):
        told = OutageNotice.objects.filter(event=event, recipient=store.aki)
        assert told.count() == Outage.objects.count()
        assert told.exclude(state="posted").count() == 0
    # The dead are told, each once; the living came back in time and are told by nothing.
    assert set(Incident.objects.values_list("device", flat=True)) == set(dead)
    assert Incident.objects.count() == len(dead)
    told_to_aki = Notice.objects.filter(recipient=store.aki, event="opened", state="posted")
    assert told_to_aki.count() == len(dead)
    kinds = [kind for kind, to in mails() if to == "aki"]
    assert kinds.count("outage") == kinds.count("outage_over") == Outage.objects.count()
