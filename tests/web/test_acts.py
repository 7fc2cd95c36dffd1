"""Acts of intent at the tenants' door: shown, asked again, done once, copied by mail, kept."""

from email import message_from_bytes, policy

import pytest
from django.test import Client
from django.utils import timezone, translation
from django.utils.translation import gettext

from noroshi.alarms.models import Recipient
from noroshi.base.papers import render_png
from noroshi.outbox.mime import File, Mail, to_bytes
from noroshi.outbox.models import Attachment, Message
from noroshi.tenants.chain import text_hash
from noroshi.tenants.ledger import Check
from noroshi.tenants.models import AuditEntry, Intent, IntentDraft, Membership, Party, Tenant, User
from noroshi.web import copies
from tests.web.conftest import Cast, signed_in
from tests.web.deeds import confirmed

NEW = {"name": "髙﨑 ①𠮷", "address": "taka@example.jp", "language": "ja"}
CONTACT = {
    "privacy_name": "総務部 個人情報係", "privacy_email": "Privacy@Example.jp",
    "privacy_phone": "03-1234-5678",
}  # fmt: skip


def text_of(who: Client, address: str) -> str:
    answer = who.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_nothing_happens_before_the_password_and_everything_after_it(
    cast: Cast, aki: Client
) -> None:
    asked = aki.post("/recipients/new/", NEW)
    page = text_of(aki, asked["Location"])
    assert "髙﨑 ①𠮷" in page
    assert "契約者を拘束します" in page
    assert 'autocomplete="current-password"' in page
    assert not Recipient.objects.filter(address="taka@example.jp").exists()
    done = confirmed(aki, asked)
    assert done["Location"] == "/recipients/"
    assert Recipient.objects.filter(address="taka@example.jp", name="髙﨑 ①𠮷").exists()
    intent = Intent.objects.latest("number")
    assert "taka@example.jp" in intent.text
    assert (intent.method, intent.address, intent.user_login) == ("password", "127.0.0.1", "aki")
    assert list(Check().findings()) == []


def test_a_wrong_password_does_nothing_and_the_right_one_still_works(
    cast: Cast, aki: Client
) -> None:
    asked = aki.post("/recipients/new/", NEW)
    wrong = confirmed(aki, asked, password="beacon fire on the hil")
    assert "パスワードが違います" in wrong.content.decode()
    assert Intent.objects.count() == 1
    assert confirmed(aki, asked).status_code == 302
    assert Intent.objects.count() == 2


def test_a_double_click_makes_one_act_and_shows_it(cast: Cast, aki: Client) -> None:
    asked = aki.post("/recipients/new/", NEW)
    confirmed(aki, asked)
    again = confirmed(aki, asked)
    intent = Intent.objects.latest("number")
    assert again["Location"] == f"/acts/kept/{intent.code}/"
    assert aki.get(asked["Location"])["Location"] == f"/acts/kept/{intent.code}/"
    assert Intent.objects.count() == 2
    assert Recipient.objects.filter(address="taka@example.jp").count() == 1


def test_a_text_other_than_the_one_shown_is_refused(cast: Cast, aki: Client) -> None:
    address = aki.post("/recipients/new/", NEW)["Location"]
    sent = {"password": "beacon fire on the hill", "text_sha256": text_hash("別の文面")}
    assert "表示した内容と送られた内容が違います" in aki.post(address, sent).content.decode()
    assert Intent.objects.count() == 1


def test_after_half_an_hour_the_page_offers_no_button(cast: Cast, aki: Client) -> None:
    asked = aki.post("/recipients/new/", NEW)
    IntentDraft.objects.update(expires_at=timezone.now())
    page = text_of(aki, asked["Location"])
    assert "30分を過ぎた" in page
    assert "current-password" not in page
    assert "30分を過ぎた" in confirmed(aki, asked).content.decode()
    assert Intent.objects.count() == 1


def test_a_list_that_somebody_changed_meanwhile_is_not_overwritten(cast: Cast, aki: Client) -> None:
    asked = aki.post("/recipients/chief/", NEW)
    Recipient.objects.filter(code="chief").update(name="新しい工場長")
    assert "表示のあとで変更されました" in confirmed(aki, asked).content.decode()
    assert Recipient.objects.get(code="chief").name == "新しい工場長"
    assert Intent.objects.count() == 1


def test_the_same_address_added_twice_meanwhile_is_refused_in_words(
    cast: Cast, aki: Client
) -> None:
    first, second = aki.post("/recipients/new/", NEW), aki.post("/recipients/new/", NEW)
    confirmed(aki, first)
    assert "もう登録されています" in confirmed(aki, second).content.decode()
    assert Intent.objects.count() == 2


def test_a_form_without_a_change_is_no_act(cast: Cast, aki: Client) -> None:
    sent = {"name": "工場長", "address": "chief@example.jp", "language": "ja"}
    assert aki.post("/recipients/chief/", sent)["Location"] == "/recipients/"
    assert IntentDraft.objects.count() == 2  # those of the cast


def test_pausing_needs_no_act(cast: Cast, aki: Client) -> None:
    aki.post("/recipients/chief/pause/")
    assert not Recipient.objects.get(code="chief").is_active
    assert Intent.objects.count() == 1


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_without_contract_authority_a_member_sees_why_and_whom_to_ask(
    role: str, cast: Cast, ben: Client
) -> None:
    Membership.objects.filter(user__login="ben").update(role=role)
    page = text_of(ben, "/recipients/")
    assert "契約権限のある利用者だけ" in page
    assert "<li>Aki</li>" in page
    assert "/recipients/new/" not in page
    answer = ben.post("/recipients/new/", NEW)
    assert answer.status_code == 403
    assert "<li>Aki</li>" in answer.content.decode()
    assert IntentDraft.objects.count() == 2


def test_somebody_elses_draft_is_not_found(cast: Cast, aki: Client, ben: Client) -> None:
    Membership.objects.filter(user__login="ben").update(has_authority=True)
    assert ben.get(f"/acts/{cast.draft.code}/").status_code == 404


def test_the_contact_for_personal_data_is_named_by_an_act(cast: Cast, aki: Client) -> None:
    asked = aki.post("/privacy-contact/", CONTACT)
    assert "総務部 個人情報係" in text_of(aki, asked["Location"])
    assert confirmed(aki, asked)["Location"] == "/privacy-contact/"
    tenant = Tenant.objects.get(pk=cast.tenant.pk)
    assert tenant.privacy_email == "Privacy@example.jp"
    assert tenant.privacy_phone == "03-1234-5678"
    entry = AuditEntry.objects.get(action="tenant.privacy_contact_changed")
    assert entry.details["before"]["privacy_name"] == ""
    assert "総務部 個人情報係" in text_of(aki, "/history/")
    assert aki.post("/privacy-contact/", CONTACT)["Location"] == "/privacy-contact/"


def test_a_viewer_reads_who_the_contact_is_but_has_no_form(cast: Cast, ben: Client) -> None:
    Tenant.objects.filter(pk=cast.tenant.pk).update(privacy_name="総務部")
    page = text_of(ben, "/privacy-contact/")
    assert "総務部" in page
    assert 'name="privacy_name"' not in page


def test_a_contact_nobody_could_write_to_is_refused(cast: Cast, aki: Client) -> None:
    page = aki.post("/privacy-contact/", CONTACT | {"privacy_email": "x"}).content.decode()
    assert 'class="error"' in page
    page = aki.post("/privacy-contact/", CONTACT | {"privacy_phone": "<b>"}).content.decode()
    assert 'class="error"' in page


def test_the_copy_goes_to_the_contracts_contact_and_to_the_person(cast: Cast, aki: Client) -> None:
    party = Party.objects.create(
        kind="company", standing="contractor", name="米野木青果", made_at=cast.now,
        contact_email="soumu@example.jp",
    )  # fmt: skip
    Tenant.objects.filter(pk=cast.tenant.pk).update(party=party)
    User.objects.filter(login="aki").update(email="aki@example.jp", language="en")
    confirmed(aki, aki.post("/recipients/new/", NEW))
    intent = Intent.objects.latest("number")
    sent = {one.address: one for one in Message.objects.filter(kind="intent.copy")}
    assert set(sent) == {"soumu@example.jp", "aki@example.jp"}
    assert sent["soumu@example.jp"].subject == "【控え】お手続きの内容（通知先の変更）"
    assert sent["aki@example.jp"].subject.startswith("[Copy] Your declaration (")
    for mail in sent.values():
        assert intent.hash in mail.body
        assert mail.tenant_id == cast.tenant.pk
    files = [bytes(one.body) for one in Attachment.objects.all()]
    assert len(files) == 2
    again = aki.get(f"/acts/kept/{intent.code}/copy.pdf")
    assert files == [again.content] * 2
    with translation.override("en"):
        assert gettext("お手続きの控え") in text_of(aki, "/mails/")


def test_the_copy_is_a_file_that_a_mail_program_opens(cast: Cast) -> None:
    pdf = copies.paper(cast.intent)
    file = File(copies.file_name(cast.intent), copies.CONTENT_TYPE, pdf)
    octets = to_bytes(
        Mail("のろし", "n@example.jp", "a@example.jp", "【控え】", "本文", "m@example.jp", "", "ja",
             cast.now, [file])
    )  # fmt: skip
    [part] = message_from_bytes(octets, policy=policy.default).iter_attachments()
    assert part.get_content() == pdf
    assert pdf.startswith(b"%PDF-1.7")
    assert len(pdf) < 200_000


def test_the_copy_is_the_same_file_whenever_it_is_made(cast: Cast, aki: Client) -> None:
    address = f"/acts/kept/{cast.intent.code}/copy.pdf"
    first, second = aki.get(address), aki.get(address)
    assert first.content == second.content
    assert first["Content-Type"] == "application/pdf"
    name = f"noroshi-act-0001-{cast.intent.hash[:8]}.pdf"
    assert first["Content-Disposition"] == f'attachment; filename="{name}"'
    assert len(render_png(copies.TEMPLATE, copies.contents(cast.intent))) == 1


def test_the_records_show_text_facts_and_hashes(cast: Cast, aki: Client) -> None:
    assert f"/acts/kept/{cast.intent.code}/" in text_of(aki, "/acts/")
    page = text_of(aki, f"/acts/kept/{cast.intent.code}/")
    assert cast.intent.hash in page
    assert cast.intent.text_sha256 in page
    assert "quality@example.jp" in page
    assert "192.0.2.7" in page


def test_an_auditor_who_looks_in_cannot_act(cast: Cast) -> None:
    auditor = signed_in("audit-1")
    assert auditor.post("/recipients/new/", NEW).status_code == 403
    assert auditor.get("/recipients/new/").status_code == 403
    assert auditor.get(f"/acts/{cast.draft.code}/").status_code == 403


def proven(who: Client, **record: object) -> None:
    """What the page that asks again leaves in the session."""
    session = who.session
    session["account_authentication_methods"] = [record]
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session.save()


def test_a_passkey_shown_after_the_text_takes_the_place_of_the_password(
    cast: Cast, aki: Client
) -> None:
    address = aki.post("/recipients/new/", NEW)["Location"]
    assert "/confirm/?next=%2Facts%2F" in text_of(aki, address)
    proven(aki, method="mfa", type="webauthn", at=timezone.now().timestamp())
    page = text_of(aki, address)
    assert "ご本人の確認ができました" in page
    assert "current-password" not in page
    text = IntentDraft.objects.get(code=address.split("/")[2]).text
    assert aki.post(address, {"text_sha256": text_hash(text)}).status_code == 302
    assert Intent.objects.latest("number").method == "passkey"


@pytest.mark.parametrize(
    "record",
    [
        {"method": "mfa", "type": "webauthn", "at": 1_000_000_000.0},  # before the text
        {"method": "mfa", "type": "totp", "at": 9_000_000_000.0},  # a code alone is not enough
        {"method": "password"},
    ],
)
def test_any_other_proof_does_not(record: dict[str, object], cast: Cast, aki: Client) -> None:
    address = aki.post("/recipients/new/", NEW)["Location"]
    proven(aki, **record)
    assert "current-password" in text_of(aki, address)
    text = IntentDraft.objects.get(code=address.split("/")[2]).text
    answer = aki.post(address, {"text_sha256": text_hash(text)})
    assert "パスワードが違います" in answer.content.decode()
    assert Intent.objects.count() == 1
