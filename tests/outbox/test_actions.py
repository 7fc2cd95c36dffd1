"""Writing to the outbox, and which texts it does not take."""

from datetime import timedelta

import pytest

from noroshi.outbox.actions import ATTACHED_BYTES_MAX, give_up, post_all, retry
from noroshi.outbox.addresses import BadAddress, clean_address
from noroshi.outbox.mime import File
from noroshi.outbox.models import Attachment, Message
from noroshi.outbox.retention import KEPT, prune
from tests.outbox.conftest import NOW, new


def test_a_cause_told_twice_is_one_mail(db: None) -> None:
    assert post_all([new(1), new(2)], now=NOW) == 2
    assert post_all([new(1), new(2), new(3)], now=NOW) == 1
    assert Message.objects.count() == 3


def test_nothing_to_tell_is_no_work(django_assert_num_queries: object, db: None) -> None:
    with django_assert_num_queries(0):
        assert post_all([], now=NOW) == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": "a\r\nBcc: b@example.jp"},
        {"subject": "a\nb"},
        {"subject": "a\u2028b"},
        {"address": "a@example.jp\r\nRCPT TO:<b@example.jp>"},
        {"address": "a@example.jp> SIZE=1"},
        {"address": "あ@example.jp"},
        {"address": ""},
        {"message_id": ""},
        {"message_id": "a b@example.jp"},
        {"thread_id": "a@example.jp>\r\nX: y"},
    ],
)
def test_a_text_that_could_write_a_header_is_refused_and_nothing_is_kept(
    db: None, fields: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match=r"control|address|id"):
        post_all([new(1), new(2, **fields)], now=NOW)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" taro@example.jp\u3000", "taro@example.jp"),
        ("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ", "taro@example.jp"),
        ("a..b.@docomo.ne.jp", "a..b.@docomo.ne.jp"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_an_address_is_kept_as_people_have_it(typed: str, kept: str) -> None:
    assert clean_address(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", "taro", "@example.jp", "a@b@c", "a b@c.jp", "a@-b.jp", "太郎@例.jp"]
)
def test_what_is_no_address_is_refused_with_a_kind_word(typed: str) -> None:
    with pytest.raises(BadAddress, match=r"taro@example\.jp"):
        clean_address(typed)


def test_a_given_up_message_can_be_tried_again_but_a_sent_one_stays_sent(db: None) -> None:
    post_all([new(1), new(2)], now=NOW)
    first, second = Message.objects.order_by("pk")
    give_up(first)
    first.refresh_from_db()
    assert first.state == "given_up"
    retry(first, NOW + timedelta(hours=1))
    first.refresh_from_db()
    assert (first.state, first.due_at) == ("waiting", NOW + timedelta(hours=1))
    Message.objects.filter(pk=second.pk).update(state="sent")
    retry(second, NOW)
    give_up(second)
    second.refresh_from_db()
    assert second.state == "sent"


PDF = File("控え.pdf", "application/pdf", b"%PDF")


def test_files_are_kept_once_with_their_own_message(db: None) -> None:
    assert post_all([new(1), new(2, files=[PDF, PDF]), new(2, files=[PDF])], now=NOW) == 2
    assert post_all([new(2, files=[PDF])], now=NOW) == 0
    kept = Attachment.objects.values_list("message__address", "name")
    assert list(kept) == [("r2@example.jp", "控え.pdf")] * 2
    flags = Message.objects.order_by("pk").values_list("has_attachments", flat=True)
    assert list(flags) == [False, True]


@pytest.mark.parametrize(
    "file",
    [
        File("a\r\nBcc: b@example.jp.pdf", "application/pdf", b""),
        File("../../x.pdf", "application/pdf", b""),
        File("", "application/pdf", b""),
        File("あ" * 101, "application/pdf", b""),
        File("a.pdf", "application/pdf; x=y", b""),
        File("a.pdf", "application/pdf\r\nX: y", b""),
        File("a.pdf", "application/pdf", b"x" * (ATTACHED_BYTES_MAX + 1)),
    ],
)
def test_a_file_that_no_mail_should_carry_is_refused(db: None, file: File) -> None:
    with pytest.raises(ValueError, match=r"file|content type"):
        post_all([new(1, files=[file])], now=NOW)
    assert not Message.objects.exists()


def test_files_go_when_their_message_goes(db: None) -> None:
    post_all([new(1, files=[PDF])], now=NOW)
    Message.objects.update(state=Message.State.SENT)
    prune(NOW + KEPT + timedelta(days=1))
    assert not Attachment.objects.exists()
