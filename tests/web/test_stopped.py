"""What stands over the first page: addresses that mails do not reach, networks that are out."""

from django.test import Client
from django.urls import reverse

from noroshi.alarms.models import Outage, OutageTenant
from noroshi.outbox.models import Message, Standing
from noroshi.tenants.models import AuditEntry
from tests.contracted import make_tenant
from tests.web.conftest import Cast


def stop(cast: Cast, address: str = "chief@example.jp") -> Standing:
    return Standing.objects.create(
        tenant=cast.tenant, address=address, stopped_at=cast.now, answer="550 5.1.1 unknown"
    )


def text(client: Client, name: str) -> str:
    return client.get(reverse(name)).content.decode()


def test_a_stopped_address_is_told_on_the_first_page_and_on_the_list(
    cast: Cast, aki: Client
) -> None:
    assert "届かない宛先" not in text(aki, "home")
    stop(cast)
    assert "メールの届かない宛先が1件あります" in text(aki, "home")
    listed = text(aki, "recipients")
    assert "550 5.1.1 unknown" in listed
    assert "送信を再開" in listed


def test_a_person_lets_mails_go_again_and_it_is_written_down(cast: Cast, aki: Client) -> None:
    stop(cast)
    aki.post(reverse("recipients-lift"), {"address": "chief@example.jp"})
    assert Standing.objects.get().stopped_at is None
    line = AuditEntry.objects.get(action="address.lifted")
    assert (line.tenant, line.subject) == (cast.tenant, "chief@example.jp")
    assert "届かない宛先" not in text(aki, "home")


def test_a_viewer_sees_it_and_lifts_nothing(cast: Cast, ben: Client) -> None:
    stop(cast)
    assert "送信を再開" not in text(ben, "recipients")
    assert ben.post(reverse("recipients-lift"), {"address": "chief@example.jp"}).status_code == 403
    assert Standing.objects.get().stopped_at is not None


def test_a_stranger_lifts_nothing_of_ours(cast: Cast, chie: Client) -> None:
    stop(cast)
    chie.post(reverse("recipients-lift"), {"address": "chief@example.jp"})
    assert Standing.objects.get().stopped_at is not None
    assert "chief@example.jp" not in text(chie, "recipients")


def test_a_held_mail_says_why_it_was_not_sent(cast: Cast, aki: Client) -> None:
    Message.objects.update(state="held", reason="stopped", sent_at=None)
    for page in (
        text(aki, "mails"),
        aki.get(reverse("mail", args=[cast.message.pk])).content.decode(),
    ):
        assert "送信せず" in page
        assert "この宛先への送信を止めています" in page
    assert "送信せず" in aki.get(reverse("mails"), {"state": "held"}).content.decode()


def test_a_network_that_is_out_is_told_on_the_first_page_until_it_is_back(
    cast: Cast, aki: Client
) -> None:
    at = cast.now
    outage = Outage.objects.create(space="sigfox", began_at=at, noticed_at=at, known=40, silent=30)
    other = make_tenant(name="other", created_at=at)
    for tenant, silent in ((cast.tenant, 12), (other, 18)):
        OutageTenant.objects.create(
            outage=outage, tenant=tenant, space="sigfox", began_at=at, silent=silent
        )
    assert "Sigfoxの障害のため、12台から受信できません" in text(aki, "home")
    assert "18台" not in text(aki, "home")
    OutageTenant.objects.update(ended_at=at)
    assert "Sigfoxの障害" not in text(aki, "home")
