"""One rule for a site, a type or a group: it follows the devices, and its change begins anew."""

from collections.abc import Callable
from random import Random

import pytest

from noroshi.alarms import sharing
from noroshi.alarms.actions import BadRule, Terms, change_rule, remove_rule
from noroshi.alarms.models import Incident, Recipient, Rule, RuleState, SharedRule
from noroshi.alarms.sharing import Scope, Wanted
from noroshi.alarms.watch import watch
from noroshi.devices.models import Device, Site
from noroshi.outbox.models import Message
from noroshi.readings.store import Kept, Point
from noroshi.tenants.models import AuditEntry, Tenant
from tests.alarms.conftest import START, Store, at
from tests.things import thing

WARM = Terms("temperature", upper=10.0)


def another(store: Store, name: str, site: Site | None = None) -> Device:
    """One more device of the type."""
    return Device.objects.create(
        tenant=store.tenant, name=name, type=store.device.type, space="generic", address=name,
        registered_at=START, site=site, thing=thing(store.device.type, "generic", name, START),
    )  # fmt: skip


def wanted(store: Store, scope: Scope, terms: Terms = WARM) -> Wanted:
    """A rule for the scope that tells Aki."""
    return Wanted(scope, terms, [store.aki])


def make(store: Store, scope: Scope, terms: Terms = WARM) -> SharedRule:
    """The same, kept."""
    return sharing.make_shared(wanted(store, scope, terms), by=store.actor, now=at(0))


def watched(shared: SharedRule) -> list[str]:
    """The names of the devices that have a copy."""
    return list(Rule.objects.filter(shared=shared).values_list("device__name", flat=True))


@pytest.mark.parametrize("kind", ["site", "type", "group"])
def test_a_shared_rule_watches_every_device_of_its_scope(store: Store, kind: str) -> None:
    elsewhere = another(store, "B")
    mate = another(store, "C", store.device.site)
    scope = {
        "site": Scope(site=store.device.site),
        "type": Scope(type=store.device.type),
        "group": Scope(group="冷蔵", devices=[store.device, elsewhere]),
    }[kind]
    names = {"site": ["冷蔵庫A", "C"], "type": ["冷蔵庫A", "B", "C"], "group": ["冷蔵庫A", "B"]}[
        kind
    ]
    shared = make(store, scope)
    assert sorted(watched(shared)) == sorted(names)
    assert store.feed((0, 11.0)).opened == 1
    assert [mail.address for mail in Message.objects.all()] == ["aki@example.jp"]
    assert mate.pk
    assert AuditEntry.objects.get(action="rule.made").details["devices"] == len(names)


def test_devices_without_the_quantity_are_not_touched(store: Store) -> None:
    assert watched(make(store, Scope(type=store.device.type), Terms("nothing", upper=1.0))) == []
    radio = Terms("@radio", kind="silence", options={"intervals": 3})
    assert watched(make(store, Scope(type=store.device.type), radio)) == ["冷蔵庫A"]


def test_it_follows_devices_that_come_and_go(store: Store) -> None:
    shared = make(store, Scope(site=store.device.site))
    assert sharing.keep_up(at(1)) == 0
    mate = another(store, "C", store.device.site)
    store.feed((1, 11.0))
    store.device.site = None
    store.device.save()
    assert sharing.keep_up(at(2)) == 1
    assert watched(shared) == ["C"]
    assert list(Rule.objects.get(shared=shared).recipients.all()) == [store.aki]
    assert Incident.objects.get().closed_at == at(2)
    assert not Message.objects.filter(kind="incident.recovered").exists()
    mate.retired_at = at(3)
    mate.save()
    assert sharing.keep_up(at(3)) == 1
    assert watched(shared) == []
    assert sharing.keep_up(at(4)) == 0


def test_a_change_reaches_every_copy_and_begins_anew(store: Store) -> None:
    another(store, "B")
    shared = make(store, Scope(type=store.device.type))
    store.feed((0, 11.0))
    scope = Scope(type=store.device.type)
    told = Wanted(scope, Terms("temperature", upper=20.0), [store.ben])
    sharing.change_shared(shared, told, by=store.actor, now=at(5))
    assert set(Rule.objects.values_list("upper", flat=True)) == {20.0}
    assert Incident.objects.get().closed_at == at(5)
    assert not RuleState.objects.exists()
    assert store.feed((6, 21.0)).opened == 1
    assert set(Message.objects.values_list("address", flat=True)) == {
        "aki@example.jp", "ben@example.jp"
    }  # fmt: skip


def test_who_is_told_changes_without_ending_an_alarm(store: Store) -> None:
    shared = make(store, Scope(type=store.device.type))
    store.feed((0, 11.0))
    told = Wanted(Scope(type=store.device.type), WARM, [])
    sharing.change_shared(shared, told, by=store.actor, now=at(5))
    assert Incident.objects.get().closed_at is None
    assert not Rule.objects.get().recipients.exists()


def test_it_goes_with_all_its_copies(store: Store) -> None:
    shared = make(store, Scope(type=store.device.type))
    store.feed((0, 11.0))
    sharing.remove_shared(shared, by=store.actor, now=at(5))
    assert not Rule.objects.exists()
    assert Incident.objects.get().closed_at == at(5)


def test_a_copy_is_not_changed_alone(store: Store) -> None:
    make(store, Scope(type=store.device.type))
    rule = Rule.objects.get()
    with pytest.raises(BadRule):
        change_rule(rule, WARM, [], by=store.actor, now=at(1))
    with pytest.raises(BadRule):
        remove_rule(rule, by=store.actor, now=at(1))


def test_what_makes_no_sense_is_refused(store: Store, stranger: Callable[[], Recipient]) -> None:
    for bad in (
        wanted(store, Scope(group="x")),
        wanted(store, Scope(group=" ", devices=[store.device])),
        wanted(store, Scope(type=store.device.type), Terms("temperature")),
        Wanted(Scope(type=store.device.type), WARM, [stranger()]),
        wanted(store, Scope(site=Site.objects.create(tenant=stranger_tenant(), name="x"))),
    ):
        with pytest.raises(BadRule):
            sharing.make_shared(bad, by=store.actor, now=at(0))
    assert not SharedRule.objects.exists()


@pytest.mark.parametrize("seed", range(12))
def test_of_a_rule_and_device_one_alarm_is_open_in_whatever_order_data_come(
    store: Store, seed: int
) -> None:
    chance = Random(seed)
    devices = [store.device, another(store, "B", store.device.site)]
    shared = make(store, Scope(site=store.device.site))
    told = [(device, n, chance.choice([9.0, 11.0])) for device in devices for n in range(8)]
    newest = {device.pk: value for device, n, value in told if n == 7}
    chance.shuffle(told)
    last = {device.pk: -1 for device in devices}
    for device, n, value in told:
        point = Point(store.tenant.pk, device.pk, "temperature", "number", at(n), value)
        watch([Kept(point, 1, is_late=n < last[device.pk])], now=at(n))
        last[device.pk] = max(last[device.pk], n)
        assert Incident.objects.open_().filter(device=device).count() <= 1
    for device in devices:
        assert Rule.objects.filter(shared=shared, device=device).count() == 1
        is_open = Incident.objects.open_().filter(device=device).exists()
        assert is_open == (newest[device.pk] > 10.0)


def test_a_late_reading_neither_opens_nor_ends_a_copys_alarm(store: Store) -> None:
    make(store, Scope(type=store.device.type))
    assert store.feed((10, 11.0)).opened == 1
    late = store.feed((3, 9.0), is_late=True)
    assert (late.opened, late.closed) == (0, 0)
    assert Incident.objects.get().closed_at is None
    assert store.feed((11, 8.0)).closed == 1
    assert store.feed((5, 12.0), is_late=True).opened == 0


def stranger_tenant() -> Tenant:
    """Chie's."""
    return Recipient.objects.get(name="Chie").tenant
