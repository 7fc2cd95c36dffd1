"""Signing in and out, and for whom a person acts."""

import pytest
from django.test import Client

from noroshi.tenants.models import AuditEntry, Membership, User
from noroshi.web.tries import TRIES_MAX
from tests.web.conftest import PASSWORD, Cast, person, signed_in


def try_in(client: Client, login: str, password: str, query: str = ""):  # type: ignore[no-untyped-def]
    """Fill in the form."""
    return client.post(f"/sign-in/{query}", {"username": login, "password": password})


def test_the_right_password_leads_home(cast: Cast, client: Client) -> None:
    answer = try_in(client, "aki", PASSWORD)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/").status_code == 200


def test_wrong_password_unknown_and_stopped_user_get_the_same_answer(
    cast: Cast, client: Client
) -> None:
    User.objects.filter(login="ben").update(is_active=False, state="stopped")
    answers = [
        try_in(client, login, password)
        for login, password in (("aki", "wrong"), ("nobody", PASSWORD), ("ben", PASSWORD))
    ]
    told = {str(answer.context["form"].non_field_errors()) for answer in answers}
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len(told) == 1
    assert "利用者IDかパスワードが違います" in told.pop()


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [("/incidents/", "/incidents/"), ("https://evil.example/", "/"), ("//evil.example", "/")],
)
def test_next_leads_nowhere_but_into_the_house(
    wanted: str, reached: str, cast: Cast, client: Client
) -> None:
    assert try_in(client, "aki", PASSWORD, f"?next={wanted}")["Location"] == reached


def test_the_eleventh_try_is_refused_even_with_the_right_password(
    cast: Cast, client: Client
) -> None:
    for _ in range(TRIES_MAX):
        assert try_in(client, "AKI ", "wrong").status_code == 200
    refused = try_in(client, "aki", PASSWORD)
    assert refused.status_code == 429
    assert "5分" in refused.content.decode()
    assert try_in(client, "ben", PASSWORD).status_code == 302  # another login goes on


def test_success_forgives_earlier_slips(cast: Cast, client: Client) -> None:
    for _ in range(TRIES_MAX - 1):
        try_in(client, "aki", "wrong")
    assert try_in(client, "aki", PASSWORD).status_code == 302
    client.post("/sign-out/")
    assert try_in(client, "aki", PASSWORD).status_code == 302


def test_signing_out_is_a_post_and_ends_it(cast: Cast, aki: Client) -> None:
    assert aki.get("/sign-out/").status_code == 405
    assert aki.post("/sign-out/")["Location"] == "/sign-in/"
    assert aki.get("/")["Location"].startswith("/sign-in/")


def test_somebody_with_two_tenants_chooses_and_may_change_over(cast: Cast, aki: Client) -> None:
    other = Membership.objects.get(user__login="chie").tenant
    Membership.objects.create(tenant=other, user=User.objects.get(login="aki"), role="viewer")
    assert aki.get("/")["Location"] == "/choose/"
    choices = aki.get("/choose/").content.decode()
    assert cast.tenant.name in choices
    assert other.name in choices
    aki.post(f"/as/{other.code}/")
    assert cast.device.name not in aki.get("/").content.decode()
    aki.post(f"/as/{cast.tenant.code}/")
    assert cast.device.name in aki.get("/").content.decode()


def test_a_membership_that_ended_ends_the_choice(cast: Cast, aki: Client) -> None:
    aki.post(f"/as/{cast.tenant.code}/")
    Membership.objects.filter(user__login="aki").delete()
    assert aki.get("/")["Location"] == "/choose/"
    assert "使える契約がありません" in aki.get("/choose/").content.decode()


def test_somebody_of_the_office_goes_to_the_office(cast: Cast) -> None:
    user = person("dai", None)
    user.kind, user.staff_roles = "staff", ["admin"]
    user.save()
    assert signed_in("dai").get("/")["Location"] == "/office/"


def test_a_changed_password_is_written_down_but_never_its_text(cast: Cast, aki: Client) -> None:
    short = {"old_password": PASSWORD, "new_password1": "short", "new_password2": "short"}
    assert aki.post("/password/", short).status_code == 200
    fresh = "three green herons at dusk"
    answer = aki.post("/password/", short | {"new_password1": fresh, "new_password2": fresh})
    assert answer.status_code == 302
    entry = AuditEntry.objects.get(action="user.password_changed")
    assert fresh not in str(vars(entry))
    assert aki.get("/").status_code == 200  # this session lives on
