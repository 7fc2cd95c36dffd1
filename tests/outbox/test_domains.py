"""Mails to one domain go no faster than its carrier takes them; others do not wait for them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import override_settings

from noroshi.base.environment import BadSetting, read
from noroshi.outbox.actions import post_all
from noroshi.outbox.domains import Domains
from noroshi.outbox.due import Sender
from noroshi.outbox.models import Message
from tests.outbox.conftest import MailServer, new

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def test_a_domain_is_full_for_the_rest_of_its_minute() -> None:
    domains = Domains({"docomo.ne.jp": 2})
    domains.note("a@docomo.ne.jp", NOW)
    assert domains.full(NOW) == []
    domains.note("B@DOCOMO.NE.JP", NOW + timedelta(seconds=59))
    assert domains.full(NOW + timedelta(seconds=59)) == ["docomo.ne.jp"]
    assert domains.full(NOW + timedelta(seconds=60)) == []


def test_a_domain_without_a_limit_is_never_full() -> None:
    domains = Domains({"docomo.ne.jp": 1})
    for _ in range(100):
        domains.note("a@example.jp", NOW)
        domains.note("a@sub.docomo.ne.jp", NOW)
    assert domains.full(NOW) == []


@pytest.mark.django_db
@override_settings(MAIL_PACES={"docomo.ne.jp": 2})
def test_mails_to_a_full_domain_wait_for_the_next_minute_and_others_pass_them(
    server: MailServer,
) -> None:
    carrier = [new(number, address=f"r{number}@docomo.ne.jp") for number in range(1, 5)]
    post_all([*carrier, new(9)], now=NOW)
    sender = Sender()
    assert sender.send_due(NOW) == 3
    assert [to for to, _ in server.mails][-1] == "r9@example.jp"
    assert sender.send_due(NOW + timedelta(seconds=30)) == 0
    assert Message.objects.filter(state="waiting", attempts=0).count() == 2
    assert sender.send_due(NOW + timedelta(seconds=60)) == 2


@pytest.mark.django_db
@override_settings(MAIL_FOOTERS={"ja": "みどりの里 事務局\n電話 0561-00-0000", "en": "Midori"})
def test_the_providers_words_stand_at_the_end_of_each_mail_in_its_language() -> None:
    post_all([new(1), new(2, language="en")], now=NOW)
    ends = [one.body.rpartition("\n-- \n")[2] for one in Message.objects.order_by("pk")]
    assert ends == ["みどりの里 事務局\n電話 0561-00-0000\n", "Midori\n"]


@pytest.mark.django_db
@override_settings(MAIL_FOOTERS={"ja": "みどりの里", "en": "Midori"})
def test_what_is_sent_to_a_machine_has_no_words_at_its_end() -> None:
    post_all([new(1, address="https://example.jp/in", channel="webhook", body="{}")], now=NOW)
    assert Message.objects.get().body == "{}"


@pytest.mark.parametrize("text", ["docomo.ne.jp", "docomo.ne.jp=0", "docomo=5", "a.jp=5 b"])
def test_a_pace_that_is_none_ends_with_one_clear_line(text: str) -> None:
    with pytest.raises(BadSetting, match="NOROSHI_MAIL_PACE"):
        read({"NOROSHI_MAIL_PACE": text})


@pytest.mark.parametrize("text", ["x" * 501, "a\x07", "\\n".join("abcdefghijk")])
def test_a_footer_that_is_too_long_or_odd_ends_with_one_clear_line(text: str) -> None:
    with pytest.raises(BadSetting, match="NOROSHI_MAIL_FOOTER"):
        read({"NOROSHI_MAIL_FOOTER": text})


def test_the_footer_is_read_with_its_lines_and_english_falls_back_to_it() -> None:
    mails = read({"NOROSHI_MAIL_FOOTER": "みどりの里\\n電話 1"}).mails
    assert mails.footers == {"ja": "みどりの里\n電話 1", "en": "みどりの里\n電話 1"}
    assert read({}).mails.paces["docomo.ne.jp"] == 600
