"""The cast at the front door: Aki of a tenant, Sora who has a code app, Kei of the office."""

from dataclasses import dataclass

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from noroshi.tenants.models import Membership, Tenant, User
from tests.contracted import make_tenant
from tests.factors import give_app

PASSWORD = "beacon fire on the hill"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@dataclass(frozen=True)
class Hall:
    """Who comes in."""

    tenant: Tenant
    aki: User
    sora: User
    kei: User


@pytest.fixture
def hall(db: None) -> Hall:
    cache.clear()
    tenant = make_tenant(name="米野木青果", code="aki-tenant", created_at=timezone.now())
    aki, sora = (
        User.objects.create_user(login, PASSWORD, name=name, email=f"{login}@example.jp")
        for login, name in (("aki", "緑川 あき"), ("sora", "空 そら"))
    )
    for user in (aki, sora):
        Membership.objects.create(tenant=tenant, user=user, role=Membership.Role.ADMIN)
    kei = User.objects.create_staff("kei", PASSWORD, "admin", name="事務局 けい")
    give_app(sora)
    return Hall(tenant, aki, sora, kei)


def browser(agent: str = SAFARI, address: str = "203.0.113.7") -> Client:
    """A browser somewhere on the internet."""
    return Client(headers={"user-agent": agent, "accept-language": "ja"}, REMOTE_ADDR=address)


def sign_in(client: Client, login: str, password: str = PASSWORD, query: str = ""):  # type: ignore[no-untyped-def]
    """Fill in the form."""
    return client.post(f"/sign-in/{query}", {"username": login, "password": password})


def signed_in(login: str, agent: str = SAFARI, address: str = "203.0.113.7") -> Client:
    """A browser in which this person has just signed in by password."""
    client = browser(agent, address)
    assert sign_in(client, login).status_code == 302
    return client
