"""Device types, tenants with their users, the mail queue."""

from datetime import date

from django.test import Client
from django.urls import reverse

from noroshi.codecs.sandbox import Sandbox
from noroshi.contracts.effective import limits_of, scope_of
from noroshi.devices.models import DeviceType, Quantity
from noroshi.tenants.models import AuditEntry, Tenant
from tests.office.conftest import EUI, House, a_mail, run, send, up, visiting


def quantity(n: int, **typed: object) -> dict[str, object]:
    row = {"key": "", "name_ja": "", "decimals": "1", "kind": "number", "position": "0"} | typed
    return {f"q-{n}-{name}": value for name, value in row.items()}


def rows(total: int, initial: int) -> dict[str, object]:
    return {"q-TOTAL_FORMS": total, "q-INITIAL_FORMS": initial}


def test_a_type_is_made_with_its_quantities(house: House, office: Client) -> None:
    typed: dict[str, object] = {"name_ja": "温室", "codec": house.codec.pk, "interval_min": "30"}
    typed |= rows(2, 0) | quantity(0, key="co2", name_ja="CO2", unit="ppm") | quantity(1)
    assert office.post(reverse("office-type-new"), typed).status_code == 302
    made = DeviceType.objects.get(name_ja="温室")
    assert made.interval_s == 1800
    assert [(one.key, one.unit) for one in made.quantities.all()] == [("co2", "ppm")]
    assert AuditEntry.objects.filter(action="type.made", user=house.staff).exists()


def test_every_error_of_a_type_shows_at_once_and_nothing_is_saved(
    house: House, office: Client
) -> None:
    typed: dict[str, object] = {"name_ja": "冷蔵庫", "codec": "", "interval_min": "0"}
    typed |= rows(2, 0) | quantity(0, key="a", unit="残るはずの単位") | quantity(1, key="a")
    said = office.post(reverse("office-type-new"), typed).content.decode()
    assert said.count('aria-invalid="true"') >= 5
    assert "残るはずの単位" in said
    assert DeviceType.objects.count() == 1


def test_one_key_cannot_mean_two_things(house: House, office: Client) -> None:
    typed = {"name_ja": "温室", "codec": house.codec.pk, "interval_min": "30"} | rows(2, 0)
    typed |= quantity(0, key="a", name_ja="一") | quantity(1, key="a", name_ja="二")
    said = office.post(reverse("office-type-new"), typed).content.decode()
    assert 'class="errors"' in said
    assert not DeviceType.objects.filter(name_ja="温室").exists()


def test_keys_that_came_without_a_name_stand_ready_and_are_saved_only_when_named(
    house: House, office: Client, office_sandbox: Sandbox
) -> None:
    Quantity.objects.all().delete()
    send(house, up(EUI, b"\x00\x70", house.now))
    run(office_sandbox, house)
    url = reverse("office-type", args=[house.type.pk])
    said = office.get(url).content.decode()
    assert "まだ名前のない項目が届いています" in said
    assert 'value="temperature"' in said
    typed = {"name_ja": "冷蔵庫", "codec": house.codec.pk, "interval_min": "10"} | rows(1, 0)
    unnamed = typed | quantity(0, key="temperature")
    assert office.post(url, unnamed).status_code == 302
    assert not Quantity.objects.exists()
    assert (
        office.post(url, typed | quantity(0, key="temperature", name_ja="庫内")).status_code == 302
    )
    assert Quantity.objects.get().name_ja == "庫内"


def test_a_tenant_is_made_and_changed(house: House, office: Client) -> None:
    typed = {
        "name": "山の会", "kind": "SG", "language": "ja", "from_day": "2026-04-01",
        "last_day": "2027-03-31", "data_scope": "P400D", "users_max": "5",
    }  # fmt: skip
    office.post(reverse("office-tenant-new"), typed)
    made = Tenant.objects.get(name="山の会")
    office.post(reverse("office-tenant", args=[made.code]), typed | {"name": "川の会"})
    made.refresh_from_db()
    assert made.name == "川の会"
    contract = made.contracts.get()
    assert contract.number == "C-000002"
    assert (contract.from_day, contract.until_day) == (date(2026, 4, 1), date(2027, 4, 1))
    assert str(scope_of(made.pk, date(2026, 11, 22)).period) == "P400D"
    assert limits_of(made.pk, date(2026, 11, 22)).users_max == 5
    actions = AuditEntry.objects.filter(tenant=made).order_by("pk").values_list("action", flat=True)
    formed = ["tenant.made", "contract.formed"]
    assert list(actions) == [*formed, "tenant.changed"]
    said = office.post(reverse("office-tenant-new"), typed | {"data_scope": "P0D"})
    assert 'aria-invalid="true"' in said.content.decode()


def test_a_mail_given_up_is_sent_again_and_a_waiting_one_given_up(
    house: House, office: Client
) -> None:
    lost, waiting, sent = (a_mail(house, state) for state in ("given_up", "waiting", "sent"))
    assert "メール1通を送れませんでした" in office.get(reverse("office-home")).content.decode()
    office.post(reverse("office-mail-retry", args=[lost.pk]))
    office.post(reverse("office-mail-give-up", args=[waiting.pk]))
    for name in ("office-mail-retry", "office-mail-give-up"):
        office.post(reverse(name, args=[sent.pk]))
    states = []
    for one in (lost, waiting, sent):
        one.refresh_from_db()
        states.append((one.state, one.attempts))
    assert states == [("waiting", 0), ("given_up", 3), ("sent", 3)]
    actions = AuditEntry.objects.filter(user=house.staff).order_by("pk")
    assert list(actions.values_list("action", flat=True)) == ["mail.retried", "mail.given_up"]


def test_the_mail_list_is_narrowed(house: House, office: Client) -> None:
    a_mail(house, "given_up")
    url = reverse("office-mails")
    closed = office.get(url, {"q": "quality@example.jp"}).content.decode()
    assert "q***@example.jp" in closed
    assert "【警報】" not in closed
    assert "あてはまるメールはありません" in office.get(url, {"q": "qual"}).content.decode()
    assert "あてはまるメールはありません" in office.get(url, {"q": "警報"}).content.decode()
    visiting(house)
    assert (
        "【警報】第1冷蔵庫"
        in office.get(url, {"state": "given_up", "q": "quality"}).content.decode()
    )
    assert "あてはまるメールはありません" in office.get(url, {"state": "waiting"}).content.decode()
