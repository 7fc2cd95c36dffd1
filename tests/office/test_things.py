"""The register of things in the office: stock, handing over, moving, retiring, labels."""

from datetime import timedelta

from django.test import Client
from django.urls import reverse

from noroshi.alarms.models import Rule
from noroshi.devices import holdings
from noroshi.devices.facts import Facts
from noroshi.devices.holdings import NewThing
from noroshi.devices.models import Device, Thing
from noroshi.tenants.models import AuditEntry, Tenant
from tests.office.conftest import NOBODY, House

PAC = "0123456789ABCDEF"


def other(house: House) -> Tenant:
    return Tenant.objects.create(name="よその会社", created_at=house.now)


def holding(house: House, to: Tenant, **more: object) -> dict[str, object]:
    return {"tenant": to.pk, "name": "中古の冷蔵庫", "type": house.type.pk} | more


def test_a_thing_goes_into_stock_and_its_pac_is_masked(house: House, office: Client) -> None:
    typed = {"space": "sigfox", "address": "0a 1b", "type": house.type.pk, "pac": PAC}
    page = office.post(reverse("office-thing-new"), typed, follow=True).content.decode()
    thing = Thing.objects.get(space="sigfox")
    assert (thing.address, thing.pac) == ("A1B", PAC)
    assert "••••CDEF" in page
    assert PAC not in page
    assert "まだ、どの契約者にも渡していません。" in page
    again = office.post(reverse("office-thing-new"), typed).content.decode()
    assert "すでに登録されています" in again
    entry = AuditEntry.objects.get(action="thing.stocked")
    assert (entry.user, entry.tenant) == (house.staff, None)


def test_the_list_finds_things_by_state_and_words(house: House, office: Client) -> None:
    new = NewThing(house.type, "sigfox", "2B", Facts(serial="SN77"))
    holdings.add(new, by=NOBODY, now=house.now)
    url = reverse("office-things")
    for query, stocked, held in (
        ("", True, True),
        ("?state=stock", True, False),
        ("?state=held", False, True),
        ("?state=retired", False, False),
        ("?q=SN77", True, False),
        ("?q=みどり 冷蔵庫", False, True),
        ("?q=nothing", False, False),
    ):
        page = office.get(url + query).content.decode()
        assert ("<code>2B</code>" in page, house.device.address in page) == (stocked, held), query


def test_a_thing_in_stock_is_given_from_the_time_that_was_typed(
    house: House, office: Client
) -> None:
    begun = house.now - timedelta(days=2)
    thing = holdings.add(NewThing(house.type, "sigfox", "2B"), by=NOBODY, now=begun)
    url = reverse("office-thing-hand", args=[thing.code])
    ahead = (house.now + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    said = office.post(url, holding(house, house.tenant, since=ahead)).content.decode()
    assert "過去400日までにしてください" in said
    typed = holding(house, house.tenant, since="2026-01-02T09:30", site="新しい場所")
    if begun.year != 2026:  # the test's clock is the real one
        typed["since"] = (begun + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    assert office.post(url, typed).status_code == 302
    device = Device.objects.get(thing=thing)
    assert device.held_from is not None
    assert device.held_from < house.now
    assert device.site is not None
    entry = AuditEntry.objects.get(action="device.registered", user=house.staff)
    assert entry.tenant == house.tenant


def test_a_move_is_shown_before_it_is_done(house: House, office: Client) -> None:
    rule = Rule.objects.create(
        tenant=house.tenant, device=house.device, key="temperature", upper=10, created_at=house.now
    )
    to = other(house)
    url = reverse("office-thing-hand", args=[house.device.thing.code])
    assert house.tenant.name not in [
        str(one) for one in office.get(url).context["form"].fields["tenant"].queryset
    ]
    said = office.post(url, holding(house, to)).content.decode()
    for words in ("「みどりの里」に残り、「よその会社」からは見えません", "通知条件は止まり"):
        assert words in said
    assert Device.objects.count() == 1
    sure = holding(house, to, holder=house.device.code)
    page = office.post(url, sure, follow=True).content.decode()
    assert "「中古の冷蔵庫」を「よその会社」に渡しました。" in page
    moved = Device.objects.get(tenant=to)
    house.device.refresh_from_db()
    assert moved.held_from == house.device.retired_at is not None
    rule.refresh_from_db()
    assert not rule.is_active
    told = AuditEntry.objects.filter(user=house.staff).order_by("pk")
    assert list(told.values_list("tenant__name", "action")) == [
        ("みどりの里", "device.moved_away"),
        ("よその会社", "device.registered"),
    ]


def test_a_look_that_is_out_of_date_moves_nothing(house: House, office: Client) -> None:
    to = other(house)
    url = reverse("office-thing-hand", args=[house.device.thing.code])
    old = holding(house, to, holder="another")
    assert "移す前の確認" in office.post(url, old).content.decode()
    assert Device.objects.count() == 1


def test_a_device_goes_back_into_stock_and_out_of_service(house: House, office: Client) -> None:
    code = house.device.thing.code
    release, retire = (
        reverse(f"office-thing-{verb}", args=[code]) for verb in ("release", "retire")
    )
    page = office.post(release, follow=True).content.decode()
    assert "在庫に戻しました。" in page
    assert office.post(release).status_code == 404
    page = office.post(retire, follow=True).content.decode()
    assert "を廃止しました。記録は残ります。" in page
    assert office.post(retire).status_code == 404
    house.device.refresh_from_db()
    assert house.device.retired_at is not None
    assert Thing.objects.get(code=code).retired_at is not None


def test_the_labels_of_chosen_things_are_a_pdf(house: House, office: Client) -> None:
    url = reverse("office-thing-labels")
    code = house.device.thing.code
    answer = office.get(url, {"code": [code, "nothing"], "sheet": "a4-44", "first": "3"})
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    nothing = office.get(url, {"sheet": "x", "first": "-1"}, follow=True).content.decode()
    assert "ラベルを作る端末を選んでください。" in nothing


def test_the_list_asks_no_more_for_thirty_things_than_for_one(
    house: House, office: Client, django_assert_max_num_queries: object
) -> None:
    for number in range(30):
        holdings.add(NewThing(house.type, "sigfox", f"2B{number:02X}"), by=NOBODY, now=house.now)
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        office.get(reverse("office-things"))
