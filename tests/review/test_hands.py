"""Two people change things at the same moment, or type what nobody measures."""

from threading import Barrier, Thread

import pytest
from django.db import connection
from django.test import Client

from noroshi.alarms.actions import (
    Person,
    Terms,
    add_recipient,
    change_rule,
    make_rule,
    remove_recipient,
)
from noroshi.alarms.models import Recipient, Rule
from noroshi.tenants.audit import Actor
from tests.committed import transactional_db
from tests.review.conftest import NOW, House, made_house
from tests.web.conftest import Cast, aki, cast

__all__ = ["aki", "cast", "transactional_db"]

TERMS = Terms("temperature", 8.0, None)


def two_people(house: House) -> tuple[Actor, list[Recipient]]:
    by = Actor(None, house.tenant)
    names = ("a", "b")
    return by, [add_recipient(Person(name, f"{name}@example.jp"), by=by, now=NOW) for name in names]


def test_a_recipient_removed_while_a_rule_was_being_typed_is_left_out(house: House) -> None:
    by, people = two_people(house)
    rule = make_rule(house.device, TERMS, [], by=by, now=NOW)
    remove_recipient(Recipient.objects.get(pk=people[0].pk), by=by, now=NOW)
    change_rule(rule, TERMS, people, by=by, now=NOW)
    connection.check_constraints()
    assert list(rule.recipients.all()) == [people[1]]


@pytest.mark.usefixtures("transactional_db")
def test_a_recipient_removed_at_the_very_moment_breaks_neither_page(sandbox: object) -> None:
    house = made_house(sandbox)  # type: ignore[arg-type]
    by, people = two_people(house)
    rule = make_rule(house.device, TERMS, people, by=by, now=NOW)
    failed: list[Exception] = []
    for turn in range(15):
        one = add_recipient(Person("c", f"c{turn}@example.jp"), by=by, now=NOW)
        both = Barrier(2)

        def change(one: Recipient = one, both: Barrier = both) -> None:
            both.wait()
            try:
                change_rule(rule, TERMS, [*people, one], by=by, now=NOW)
            except Exception as error:  # noqa: BLE001 - told below
                failed.append(error)
            finally:
                connection.close()

        thread = Thread(target=change)
        thread.start()
        both.wait()
        try:
            remove_recipient(Recipient.objects.get(pk=one.pk), by=by, now=NOW)
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)
        thread.join()
    assert not failed
    assert set(rule.recipients.all()) == set(people)


@pytest.mark.parametrize(
    "odd",
    [
        {"upper": "1e400"},
        {"upper": "nan"},
        {"upper": "-inf"},
        {"upper": "1e308", "lower": "-1e308"},
        {"margin": "1e308"},
        {"hold_min": "9" * 20},
        {"hold_s": "9" * 20},
        {"hold": "9" * 20},
        {"key": "\0"},
        {"key": "k" * 500},
        {"device": "\0"},
        {"recipients": ["\0", "9" * 30]},
    ],
)
def test_a_rule_of_odd_numbers_is_refused_or_kept_but_breaks_nothing(
    odd: dict[str, object], cast: Cast, aki: Client
) -> None:
    whole = {"device": cast.device.code, "key": "temperature", "upper": "5", "is_active": "on"}
    for address in ("/rules/new/", f"/rules/{cast.rule.code}/"):
        assert aki.post(address, whole | odd).status_code in {200, 302}
        assert aki.get("/rules/").status_code == 200
        assert aki.get(f"/d/{cast.device.code}/").status_code == 200
    assert Rule.objects.exists()
