"""The inbox: look inside, mend, run again, dismiss."""

import json
import uuid

from django.test import Client
from django.urls import reverse

from noroshi.codecs.sandbox import Sandbox
from noroshi.inbox.models import Entry, ExceptionalEntry
from noroshi.readings.models import Reading
from tests.office.conftest import EUI, House, run, send, up, visiting
from tests.spine.journal import Posted

FIXED = """function decodeUplink(input) {
  return {data: {temperature: input.bytes[0]}};
}"""


def page(office: Client, key: uuid.UUID) -> str:
    return office.get(reverse("office-entry", args=[key])).content.decode()


def test_a_mended_codec_carries_through_what_had_failed(
    house: House, office: Client, office_sandbox: Sandbox
) -> None:
    send(house, up(EUI, b"\x07", house.now))
    run(office_sandbox, house)
    listed = office.get(reverse("office-inbox"), {"tab": "failed"}).content.decode()
    assert "デコーダーがエラーを返しました。" in listed
    assert "too short" not in listed  # the detail may hold what was measured
    visiting(house)
    key = ExceptionalEntry.objects.get().entry_key
    assert "too short" in page(office, key)
    office.post(reverse("office-codec", args=[house.codec.pk]), {"source": FIXED, "note": "直した"})
    assert '<b class="num">7</b>' in page(office, key)
    assert not Reading.objects.exists()
    asked = {"kind": "failed", "reason": "codec_failed"}
    said = office.post(reverse("office-inbox-run-all"), asked, follow=True).content.decode()
    assert "1件の再処理を始めました。" in said
    run(office_sandbox, house)
    assert Reading.objects.get().value == 7.0
    assert ExceptionalEntry.objects.get().state == "done"


def test_a_refused_body_is_shown_safely_with_its_reason_and_remedy(
    house: House, office: Client, office_sandbox: Sandbox
) -> None:
    send(house, Posted(b'<script>alert("x")</script>', event="up"))
    run(office_sandbox, house)
    said = page(office, ExceptionalEntry.objects.get().entry_key)
    assert "本文が JSON として読めません。" in said
    assert "<script>alert" not in said
    assert "&lt;script&gt;alert" in said


def test_bytes_that_are_no_text_are_shown_as_hex(
    house: House, office: Client, office_sandbox: Sandbox
) -> None:
    send(house, Posted(b"\x00\xff\x10AB", event="up", content_type="application/octet-stream"))
    run(office_sandbox, house)
    said = page(office, ExceptionalEntry.objects.get().entry_key)
    assert "0000  00 ff 10 41 42" in said
    assert "Payload encoding を JSON にしてください" in said


def test_one_entry_runs_again_or_is_dismissed(
    house: House, office: Client, office_sandbox: Sandbox
) -> None:
    send(house, Posted(b"{}", event="up"))
    run(office_sandbox, house)
    found = ExceptionalEntry.objects.get()
    office.post(reverse("office-entry-again", args=[found.entry_key]))
    found.refresh_from_db()
    assert found.state == "again"
    run(office_sandbox, house)
    found.refresh_from_db()
    assert (found.state, found.attempts) == ("open", 2)
    back = {"next": "/office/inbox/?tab=refused"}
    answer = office.post(reverse("office-entry-dismiss", args=[found.entry_key]), back)
    assert answer["location"] == "/office/inbox/?tab=refused"
    found.refresh_from_db()
    assert found.state == "dismissed"
    late = office.post(reverse("office-entry-dismiss", args=[found.entry_key]), follow=True)
    assert "もう「未対応」ではありません" in late.content.decode()


def test_nobody_is_led_to_another_site(
    house: House, office: Client, office_sandbox: Sandbox
) -> None:
    send(house, Posted(b"{}", event="up"))
    run(office_sandbox, house)
    key = ExceptionalEntry.objects.get().entry_key
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        answer = office.post(reverse("office-entry-again", args=[key]), {"next": elsewhere})
        assert answer["location"] == reverse("office-entry", args=[key])


def test_only_kinds_that_exist_run_again(house: House, office: Client) -> None:
    assert office.post(reverse("office-inbox-run-all"), {"kind": "no"}).status_code == 404


def test_waiting_and_done_entries_are_listed_with_what_became_of_them(
    house: House, office: Client, office_sandbox: Sandbox
) -> None:
    send(house, up(EUI, b"\x00\x70", house.now))
    url = reverse("office-inbox")
    assert EUI in office.get(url, {"tab": "waiting"}).content.decode()
    assert "処理待ち" in office.get(url, {"tab": "done"}).content.decode()
    run(office_sandbox, house)
    assert (
        "届いた受信はすべて処理されました。" in office.get(url, {"tab": "waiting"}).content.decode()
    )
    done = office.get(url, {"tab": "done", "connection": str(house.connection.pk)}).content.decode()
    assert "処理済" in done
    assert EUI in done
    assert EUI not in office.get(url, {"tab": "done", "connection": "0"}).content.decode()


def test_an_entry_shows_its_values_live(
    house: House, office: Client, office_sandbox: Sandbox
) -> None:
    send(house, up(EUI, b"\x00\x70", house.now))
    run(office_sandbox, house)
    closed = page(office, Entry.objects.get().key)
    assert "理由を書いて閲覧する" in closed
    assert '"num">11.2' not in closed
    assert "devEui" not in closed
    visiting(house)
    said = page(office, Entry.objects.get().key)
    assert "第1冷蔵庫" in said
    assert '<b class="num">11.2</b>' in said
    assert "&quot;devEui&quot;: &quot;0101010101010101&quot;" in said


def test_an_entry_that_is_past_its_time_still_tells_why_it_failed(
    house: House, office: Client, office_sandbox: Sandbox
) -> None:
    send(house, Posted(json.dumps([]).encode(), event="up"))
    run(office_sandbox, house)
    key = ExceptionalEntry.objects.get().entry_key
    Entry.objects.all().delete()
    assert "保存期間を過ぎた" in page(office, key)
    assert office.get(reverse("office-entry", args=[uuid.uuid4()])).status_code == 404
