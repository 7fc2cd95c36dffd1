"""Every address × every role × own, another's, no object: who may see and change what."""

from dataclasses import replace

import pytest
from django.http import HttpResponse
from django.urls import reverse

from tests.house.matrix import Asked, addresses, faults, may, walk
from tests.house.matrix_table import LINES, ROLES
from tests.house.matrix_world import World, data_mark

# Where those are led who may not, each where this person belongs.
GATES = ("sign-in", "home", "choose-tenant", "looking", "office-home", "factor-set-up")


def test_every_address_has_its_line() -> None:
    assert sorted(set(addresses()) - set(LINES)) == [], "write who may see and change these"


def test_every_line_has_its_address() -> None:
    assert sorted(set(LINES) - set(addresses())) == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", ROLES)
def test_nobody_gets_more_or_less_than_the_table_says(name: str, world: World) -> None:
    lines = {key: line for key, line in LINES.items() if key in addresses()}
    gates = frozenset(reverse(gate) for gate in GATES)
    found = [fault for asked in walk(world, ROLES[name], lines) for fault in faults(asked, gates)]
    assert not found, "\n".join(found)


def test_the_judge_sees_a_page_that_is_open_too_far() -> None:
    line = LINES["users"]
    asked = Asked(line, ROLES["viewer"], "GET", "own", HttpResponse("x"), "x", frozenset())
    assert any("should be refused" in fault for fault in faults(asked, frozenset()))
    assert not may(replace(asked, role=ROLES["anonymous"]), frozenset())
    assert may(replace(asked, role=ROLES["admin"]), frozenset())


def test_the_judge_sees_another_s_object_shown_and_another_s_words() -> None:
    line, stranger = LINES["device"], ROLES["stranger"]
    asked = Asked(line, stranger, "GET", "another's", HttpResponse("x"), "x", frozenset())
    assert any("should be 404" in fault for fault in faults(asked, frozenset()))
    told = replace(asked, variant="own", body=f"<p>{data_mark('ours')}</p>")
    assert any(f"tells {data_mark('ours')}" in fault for fault in faults(told, frozenset()))
    staff = replace(told, line=LINES["office-device"], role=ROLES["staff-admin"])
    assert any(f"tells {data_mark('ours')}" in fault for fault in faults(staff, frozenset()))


def test_the_judge_sees_a_look_that_writes_and_a_fault() -> None:
    line, admin = LINES["rules"], ROLES["admin"]
    wrote = frozenset({"alarms_rule"})
    asked = Asked(line, admin, "GET", "own", HttpResponse("x"), "x", wrote)
    assert any("a look wrote ['alarms_rule']" in fault for fault in faults(asked, frozenset()))
    failed = replace(asked, response=HttpResponse(status=500))
    assert any("failed" in fault for fault in faults(failed, frozenset()))
