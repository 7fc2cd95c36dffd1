"""Webhooks on the pages: added by an act, the secret shown once, tested before it is used."""

import html
import re

import pytest
from django.test import Client
from django.urls import reverse

from noroshi.alarms.actions import Person, add_recipient
from noroshi.alarms.models import Recipient
from noroshi.outbox.models import Hook, Message, Standing
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import AuditEntry, IntentDraft, User
from tests.web.conftest import Cast

URL = "https://hook.example.jp/in"


@pytest.fixture
def machine(cast: Cast) -> Recipient:
    by = Actor(User.objects.get(login="aki"), cast.tenant)
    return add_recipient(Person("記録", URL, channel="webhook"), by=by, now=cast.now)


def test_adding_one_is_an_act_that_names_the_url(cast: Cast, aki: Client) -> None:
    before = IntentDraft.objects.count()
    page = aki.post(reverse("webhook-new"), {"name": "記録", "address": URL})
    assert page.status_code == 302
    assert IntentDraft.objects.count() == before + 1
    draft = IntentDraft.objects.order_by("-pk")[0]
    assert URL in draft.text
    assert not Hook.objects.exists()


@pytest.mark.parametrize("url", ["http://hook.example.jp/", "https://a:b@hook.jp/", "x"])
def test_a_url_that_cannot_be_used_is_refused_on_the_form(
    cast: Cast, aki: Client, url: str
) -> None:
    page = aki.post(reverse("webhook-new"), {"name": "記録", "address": url})
    assert page.status_code == 200
    assert 'class="error"' in page.content.decode()


def test_the_secret_is_shown_once_and_then_a_test_may_be_sent(
    cast: Cast, aki: Client, machine: Recipient
) -> None:
    where = reverse("recipient", args=[machine.code])
    assert reverse("recipient-test", args=[machine.code]) not in aki.get(where).content.decode()
    shown = aki.post(reverse("webhook-secret", args=[machine.code])).content.decode()
    assert len(set(re.findall(r"whsec_[\w+/=]+", html.unescape(shown)))) == 1
    again = aki.get(where).content.decode()
    assert "whsec_" not in again
    assert "まだ警報を送りません" in again
    answer = aki.post(reverse("recipient-test", args=[machine.code]))
    message = Message.objects.get(address=URL)
    assert (message.channel, message.state) == ("webhook", "waiting")
    assert answer["Location"] == reverse("mail", args=[message.pk])
    Standing.objects.filter(address=URL).update(confirmed_at=cast.now)
    assert "まだ警報を送りません" not in aki.get(where).content.decode()
    assert AuditEntry.objects.filter(action="webhook.secret_issued", subject=URL).exists()


def test_the_list_says_that_a_webhook_waits_for_its_test(
    cast: Cast, aki: Client, machine: Recipient
) -> None:
    page = aki.get(reverse("recipients")).content.decode()
    assert "テスト待ち" in page
    assert reverse("recipient-ask", args=[machine.code]) not in page


def test_neither_a_viewer_nor_a_stranger_gets_the_secret(
    cast: Cast, ben: Client, chie: Client, machine: Recipient
) -> None:
    where = reverse("webhook-secret", args=[machine.code])
    assert ben.post(where).status_code == 403
    assert chie.post(where).status_code in {403, 404}
    assert Hook.objects.get().shown_at is None
