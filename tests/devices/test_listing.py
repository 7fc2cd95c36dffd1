"""A CSV file of terminals: what is read, what is refused and with which words."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noroshi.codecs.models import Codec
from noroshi.devices import importing, listing
from noroshi.devices.actions import NewDevice, register
from noroshi.devices.facts import BadDevice, Facts, clean_facts
from noroshi.devices.listing import BadFile, judge, text_of
from noroshi.devices.models import Device, DeviceType, Thing
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import AuditEntry, Tenant
from tests.contracted import make_tenant

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
PAC = "0123456789ABCDEF"
HEAD = "ネットワーク,端末ID,名前,機種,製造番号,PAC,場所"


@pytest.fixture
def tenant(db: None) -> Tenant:
    codec = Codec.objects.create(name="温度", kind="javascript")
    DeviceType.objects.create(name_ja="冷蔵庫", name_en="Fridge", codec=codec)
    return make_tenant(name="みどりの里", created_at=NOW)


def reasons(text: str, tenant: Tenant) -> dict[int, str]:
    return {line.number: " ".join(line.reasons) for line in judge(text, tenant).faulty}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_file_is_read_in_the_encodings_of_spreadsheets(tenant: Tenant, encoding: str) -> None:
    text = f"{HEAD}\r\nSigfox,001a2b3c,第1冷蔵庫,冷蔵庫,SN-1,{PAC.lower()},本社\r\n"
    good = judge(text_of(text.encode(encoding)), tenant).good
    (new,) = [line.new for line in good]
    assert new is not None
    told = (new.space, new.address, new.name, new.type.name_ja, new.site_name, new.facts)
    assert told == (
        "sigfox",
        "1A2B3C",
        "第1冷蔵庫",
        "冷蔵庫",
        "本社",
        Facts(pac=PAC, serial="SN-1"),
    )


def test_columns_come_in_any_order_with_a_heading_and_in_one_without(tenant: Tenant) -> None:
    headed = "name,TYPE,network,address\n庫,fridge,lorawan,01-01-01-01-01-01-01-01\n"
    bare = "lorawan,0101010101010101,庫,冷蔵庫\n\n"
    for text in (headed, bare):
        (line,) = judge(text, tenant).good
        assert line.new is not None
        assert (line.new.address, line.new.name) == ("0101010101010101", "庫")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("lora,0101010101010101,庫,冷蔵庫", "ネットワークは sigfox、lorawan、generic のどれか"),
        ("lorawan,1.01E+15,庫,冷蔵庫", "端末IDは 0〜9 と A〜F"),
        ("lorawan,0101,庫,冷蔵庫", "いまは4桁あります"),
        ("lorawan,0101010101010101,,冷蔵庫", "名前がありません"),
        ("lorawan,0101010101010101,庫,温室", "この名前の機種はありません"),
        (f"lorawan,0101010101010101,庫,冷蔵庫,,{PAC}", "PACはSigfoxの端末だけ"),
        ("sigfox,1A,庫,冷蔵庫,,12", "PACは 0〜9 と A〜F の16桁"),
        (f"sigfox,1A,{'長' * 101},冷蔵庫", "100文字まで"),
        (f"sigfox,1A,庫,冷蔵庫,{'9' * 65}", "64文字まで"),
        (f"sigfox,1A,庫,冷蔵庫,,,{'長' * 101}", "100文字まで"),
        ("sigfox,1A,=HYPERLINK(1),冷蔵庫", "表計算の式になる"),
        ("sigfox,1A,@SUM(1),冷蔵庫", "表計算の式になる"),
        ('sigfox,1A,"庫\n二",冷蔵庫', "制御文字"),
        ("generic,a\0b,庫,冷蔵庫", "制御文字"),
        ("sigfox,1A,庫,冷蔵庫,,,本社,多い", "列が多すぎます"),
    ],
)
def test_a_faulty_line_says_why(tenant: Tenant, line: str, told: str) -> None:
    (why,) = reasons(f"{HEAD}\n{line}\n", tenant).values()
    assert told in why


def test_every_faulty_line_is_told_with_all_its_reasons(tenant: Tenant) -> None:
    found = reasons("sigfox,xyz,,ない\nsigfox,1A,庫,冷蔵庫\nsigfox,,庫,冷蔵庫\n", tenant)
    assert list(found) == [1, 3]
    for words in ("端末IDは", "名前がありません", "機種はありません"):
        assert words in found[1]


def test_a_twin_in_the_file_and_one_in_the_register_are_told(tenant: Tenant) -> None:
    kind = DeviceType.objects.get()
    new = NewDevice(tenant, "前から", kind, "sigfox", "AB")
    register(new, by=Actor(None, None), now=NOW)
    found = reasons("sigfox,1A,一,冷蔵庫\nsigfox,00ab,二,冷蔵庫\nSIGFOX,001a,三,冷蔵庫\n", tenant)
    assert found[2] == "この端末IDはすでに登録されています。"
    assert found[3] == "1行目と同じ端末IDです。"


def test_a_spreadsheet_s_way_to_keep_zeros_is_understood_and_cold_rooms_keep_their_names(
    tenant: Tenant,
) -> None:
    (line,) = judge('sigfox,"=""0012""",-25℃庫,冷蔵庫,"=""007"""\n', tenant).good
    assert line.new is not None
    assert (line.new.address, line.new.name, line.new.facts.serial) == ("12", "-25℃庫", "007")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "端末の行がありません"),
        (HEAD, "端末の行がありません"),
        ("network,address,colour\n", "見出しが読めません"),
        ("network,address,address\n", "見出しが読めません"),
        ('sigfox,"1A\n', "1行目の"),
        ("sigfox,1A,庫,冷蔵庫\n" * 5001, "5000行まで"),
        ("x" * 800_001, "大きすぎます"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tenant: Tenant, text: str, told: str) -> None:
    with pytest.raises(BadFile, match=told):
        judge(text, tenant)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(BadFile, match="文字が読めません"):
        text_of(b"\xff\xfe\x81")


def test_five_thousand_lines_cost_few_questions(
    tenant: Tenant, django_assert_max_num_queries: object
) -> None:
    text = "".join(f"lorawan,{n:016X},庫{n},冷蔵庫\n" for n in range(listing.LINES_MAX))
    with django_assert_max_num_queries(2):  # type: ignore[operator]
        assert len(judge(text, tenant).good) == listing.LINES_MAX


def test_nothing_is_saved_with_a_faulty_line_unless_the_good_ones_are_wanted(
    tenant: Tenant,
) -> None:
    by = Actor(None, tenant)
    told = judge("sigfox,1A,一,冷蔵庫,,,北\nsigfox,2A,,冷蔵庫\nsigfox,3A,三,冷蔵庫,,,北\n", tenant)
    with pytest.raises(BadFile, match="何も登録しませんでした"):
        importing.save(told, file="x.csv", by=by, now=NOW)
    assert not Device.objects.exists()
    importing.save(told, file="x.csv", is_partial=True, by=by, now=NOW)
    assert set(Device.objects.values_list("address", "site__name")) == {("1A", "北"), ("3A", "北")}
    assert AuditEntry.objects.filter(action="device.registered", tenant=tenant).count() == 2
    entry = AuditEntry.objects.get(action="device.imported")
    assert (entry.subject, entry.details) == ("x.csv", {"count": "2", "left_out": "1"})


def test_who_registers_the_address_meanwhile_wins_and_the_file_saves_nothing(
    tenant: Tenant,
) -> None:
    by = Actor(None, tenant)
    told = judge("sigfox,1A,一,冷蔵庫\nsigfox,2A,二,冷蔵庫\n", tenant)
    kind = DeviceType.objects.get()
    register(NewDevice(tenant, "先に", kind, "sigfox", "2A"), by=by, now=NOW)
    with pytest.raises(BadFile, match="もう一度確かめて"):
        importing.save(told, file="x.csv", by=by, now=NOW)
    assert [one.name for one in Device.objects.all()] == ["先に"]


def test_a_device_belongs_to_one_tenant_at_a_time(tenant: Tenant) -> None:
    other = make_tenant(name="よその会社", created_at=NOW)
    kind = DeviceType.objects.get()
    by = Actor(None, None)
    first = register(NewDevice(tenant, "一", kind, "sigfox", "1A"), by=by, now=NOW)
    with pytest.raises(BadDevice, match="すでに登録"):
        register(NewDevice(other, "二", kind, "sigfox", "1A"), by=by, now=NOW)
    assert "すでに登録" in reasons("sigfox,1A,二,冷蔵庫\n", other)[1]
    Device.objects.filter(pk=first.pk).update(retired_at=NOW)
    again = register(NewDevice(other, "二", kind, "sigfox", "1A"), by=by, now=NOW)
    assert again.tenant == other
    with pytest.raises(IntegrityError, match="one_device_per_address"), transaction.atomic():
        Device.objects.filter(pk=first.pk).update(retired_at=None)


def test_the_database_keeps_a_pac_from_devices_of_other_networks(tenant: Tenant) -> None:
    kind = DeviceType.objects.get()
    made = register(
        NewDevice(tenant, "一", kind, "lorawan", "01" * 8), by=Actor(None, None), now=NOW
    )
    with pytest.raises(IntegrityError, match="pac_of_sigfox_only"), transaction.atomic():
        Thing.objects.filter(pk=made.thing_id).update(pac=PAC)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("００１－ａ１２３４５", "001-A12345"), (" R 201-123456 ", "R 201-123456"), ("", "")],
)
def test_a_conformity_number_has_one_spelling(typed: str, kept: str) -> None:
    assert clean_facts("sigfox", Facts(conformity=typed)).conformity == kept


@pytest.mark.parametrize("typed", ["技適あり", "001--A1", "-1"])
def test_a_conformity_number_that_is_none_is_refused(typed: str) -> None:
    with pytest.raises(BadDevice, match="技適番号は"):
        clean_facts("sigfox", Facts(conformity=typed))


CELL = st.one_of(
    st.text(max_size=12), st.sampled_from(["sigfox", "lorawan", "冷蔵庫", "01" * 8, PAC, '="1"'])
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(rows=st.lists(st.lists(CELL, max_size=9).map(",".join), max_size=6))
def test_whatever_is_sent_is_judged_and_what_is_good_can_be_saved(
    tenant: Tenant, rows: list[str]
) -> None:
    try:
        told = judge("\n".join(rows), tenant)
    except BadFile as fault:
        assert str(fault)
        return
    assert all(line.new or line.reasons for line in told.lines)
    with transaction.atomic():
        if told.good:
            is_partial = bool(told.faulty)
            by = Actor(None, tenant)
            made = importing.save(told, file="x", is_partial=is_partial, by=by, now=NOW)
            assert len(made) == len(told.good)
        transaction.set_rollback(True)


@given(raw=st.binary(max_size=200))
def test_any_bytes_are_text_or_refused(raw: bytes) -> None:
    try:
        assert isinstance(text_of(raw), str)
    except BadFile as fault:
        assert str(fault)
