"""For whom a person acts."""

from django.test import Client

from noroshi.tenants.models import Membership, User
from tests.factors import give_app
from tests.web.conftest import Cast, person, signed_in


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
    give_app(user)
    assert signed_in("dai").get("/")["Location"] == "/office/"
