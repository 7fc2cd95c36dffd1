"""The sender dies at any step of a mail: none is lost, and only what was on its way comes twice."""

from collections import Counter
from email import message_from_bytes

import pytest

from noroshi.base.failpoints import SENDER
from noroshi.outbox.actions import post_all
from noroshi.outbox.due import Sender
from noroshi.outbox.models import Delivery, Message
from tests.faults.conftest import killed_at
from tests.outbox.conftest import NOW, MailServer, new, server

__all__ = ["server"]

TWICE = {"send.handed_over", "send.answered", "send.written"}  # the mail server has it by then


def ids(server: MailServer) -> Counter[str]:
    return Counter(message_from_bytes(mail)["Message-ID"] for _, mail in server.mails)


@pytest.mark.parametrize("name", SENDER)
def test_a_sender_that_dies_here_loses_no_mail(
    transactional_db: None, server: MailServer, name: str
) -> None:
    post_all([new(number) for number in range(4)], now=NOW)
    killed_at(name, lambda: Sender().send_due(NOW))
    assert Sender().send_due(NOW) == (3 if name == "send.committed" else 4)
    came = ids(server)
    assert len(came) == 4
    assert sorted(came.values()) == ([1, 1, 1, 2] if name in TWICE else [1, 1, 1, 1])
    assert set(Message.objects.values_list("state", "attempts")) == {("sent", 1)}
    assert Counter(Delivery.objects.values_list("outcome", flat=True)) == {"sent": 4}
