"""What people do with incidents, signed in or by the link of a mail."""

from datetime import timedelta

import pytest

from noroshi.alarms import links
from noroshi.alarms.deeds import (
    BadDeed,
    Doer,
    Standing,
    acknowledge,
    comment,
    course_of,
    last_notes,
    settle,
    standing_of,
    take,
)
from noroshi.alarms.links import Claim
from noroshi.alarms.models import Incident
from noroshi.alarms.watch import Watched
from noroshi.tenants.models import AuditEntry
from tests.alarms.conftest import Store, at


@pytest.fixture
def incident(store: Store) -> Incident:
    store.rule(margin=1.0)
    store.feed((0, 11))
    return Incident.objects.get()


def standing(incident: Incident) -> Standing:
    incident.refresh_from_db()
    return standing_of(incident)


def test_an_incident_goes_from_open_to_closed_with_a_reason(
    store: Store, incident: Incident
) -> None:
    aki = Doer.member(store.actor)
    assert standing(incident) == Standing.OPEN
    acknowledge(incident, aki, now=at(1))
    assert standing(incident) == Standing.ACKNOWLEDGED
    take(incident, aki, now=at(2))
    assert standing(incident) == Standing.TAKEN
    store.feed((5, 8))
    assert standing(incident) == Standing.RECOVERED
    settle(incident, "done", "扉を閉めた", aki, now=at(6))
    assert standing(incident) == Standing.SETTLED
    assert (incident.closed_at, incident.closed_value, incident.reason) == (at(5), 8, "done")
    kinds = [one.kind for one in course_of(incident)]
    assert kinds == ["acknowledged", "taken", "settled"]
    actions = list(
        AuditEntry.objects.filter(action__startswith="incident.")
        .order_by("pk")
        .values_list("action", flat=True)
    )
    assert actions == ["incident.acknowledged", "incident.taken", "incident.settled"]


def test_taking_it_says_that_it_is_seen_and_the_last_to_take_it_has_it(
    store: Store, incident: Incident
) -> None:
    take(incident, Doer.by_mail(store.ben), now=at(1))
    take(incident, Doer.member(store.actor), now=at(2))
    incident.refresh_from_db()
    assert (incident.acknowledged_name, incident.taken_name) == ("Ben", "Aki")
    assert (incident.acknowledged_by, incident.taken_by) == (None, store.actor.user)
    assert incident.looked_after_by == "Aki"


def test_who_acts_by_a_mail_is_written_down_as_that(store: Store, incident: Incident) -> None:
    assert acknowledge(incident, Doer.by_mail(store.ben), now=at(1))
    line = AuditEntry.objects.get(action="incident.acknowledged")
    assert (line.tenant, line.user) == (store.tenant, None)
    assert line.details == {"incident": incident.code, "by_mail_link_of": "Ben (ben)"}
    assert course_of(incident)[0].by_mail


def test_an_incident_closed_while_it_lasts_begins_again_only_after_a_recovery(
    store: Store, incident: Incident
) -> None:
    settle(incident, "test", "", Doer.member(store.actor), now=at(1))
    assert store.feed((2, 12), (3, 13)) == Watched(0, 0)
    assert store.feed((4, 8)) == Watched(0, 0)
    assert store.feed((5, 12)) == Watched(1, 0)
    assert standing(incident) == Standing.SETTLED


def test_what_is_over_is_neither_taken_nor_closed_twice(store: Store, incident: Incident) -> None:
    aki = Doer.member(store.actor)
    settle(incident, "false", "", aki, now=at(1))
    with pytest.raises(BadDeed):
        settle(incident, "done", "", aki, now=at(2))
    with pytest.raises(BadDeed):
        take(incident, aki, now=at(2))
    comment(incident, "あとから分かったこと", aki, now=at(3))
    assert last_notes([incident.pk]) == {incident.pk: "あとから分かったこと"}


@pytest.mark.parametrize(("reason", "text"), [("", ""), ("mood", ""), ("done", "x" * 501)])
def test_a_closing_without_a_reason_or_with_a_novel_is_refused(
    store: Store, incident: Incident, reason: str, text: str
) -> None:
    with pytest.raises(BadDeed):
        settle(incident, reason, text, Doer.member(store.actor), now=at(1))
    assert standing(incident) == Standing.OPEN


@pytest.mark.parametrize("text", ["", " \n ", "x" * 501])
def test_an_empty_line_and_a_novel_are_no_comment(
    store: Store, incident: Incident, text: str
) -> None:
    with pytest.raises(BadDeed):
        comment(incident, text, Doer.member(store.actor), now=at(1))
    assert course_of(incident) == []


def test_a_link_lives_for_seven_days_and_holds_what_was_signed() -> None:
    claim = Claim(7, "incident1", "ben")
    token = links.token_of(claim, now=at(0))
    assert links.read(token, now=at(0) + links.LIFE) == claim
    assert links.read(token, now=at(0) + links.LIFE + timedelta(seconds=1)) is None


@pytest.mark.parametrize("spoiled", [0, 5, -1])
def test_a_link_that_was_changed_opens_nothing(spoiled: int) -> None:
    token = links.token_of(Claim(7, "incident1", "ben"), now=at(0))
    other = "A" if token[spoiled] != "A" else "B"
    place = spoiled % len(token)
    assert links.read(token[:place] + other + token[place + 1 :], now=at(0)) is None
    assert links.read("x" * 500, now=at(0)) is None
