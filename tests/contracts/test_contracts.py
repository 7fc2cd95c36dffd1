"""Contracts: what is in force, what cannot be changed, what is written down."""

import hashlib
import json
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import formats, timezone

from noroshi.alarms.actions import BadRecipient, Person, add_recipient
from noroshi.base.roles import APP, PIPELINE
from noroshi.codecs.models import Codec
from noroshi.contracts import snapshots, traces
from noroshi.contracts.actions import Change, ContractRefusal, Sheet, amend, conclude, draw_up, form
from noroshi.contracts.effective import (
    contract_of,
    data_scope_of,
    effective,
    licensed_of,
    limits_of,
    of_tenants,
    scope_of,
)
from noroshi.contracts.items import AFTER_END, Item
from noroshi.contracts.models import (
    Amendment,
    Condition,
    Contract,
    LicensedItem,
    Snapshot,
    Trace,
)
from noroshi.contracts.resolve import Level
from noroshi.devices.actions import NewDevice, register
from noroshi.devices.facts import BadDevice
from noroshi.devices.importing import save
from noroshi.devices.listing import BadFile, Line, Listing
from noroshi.devices.models import Device, DeviceType
from noroshi.tenants import access
from noroshi.tenants.audit import Actor
from noroshi.tenants.intents import declare, propose
from noroshi.tenants.kinds import japans_day
from noroshi.tenants.models import AuditEntry, IntentKind, Tenant, User
from tests.acting import become
from tests.contracted import NOBODY, make_tenant, set_condition, signed
from tests.tenants.deeds import NO_EFFECTS, answer, contractor

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)
TODAY = japans_day(NOW)
DAY = timedelta(days=1)
BEGIN, END = TODAY - 100 * DAY, TODAY + 265 * DAY
REFUSED = (DatabaseError, IntegrityError)
KEPT = r"amendments only|append-only|permission denied"
AS_OWNER = "SET CONSTRAINTS ALL IMMEDIATE; SET ROLE NONE;" + "".join(
    f"ALTER TABLE contracts_{table} NO FORCE ROW LEVEL SECURITY;"
    for table in ("contract", "condition", "licenseditem", "amendment", "snapshot")
)
NEW_CONDITION = """INSERT INTO contracts_condition
(tenant_id, contract_id, key, value, level, source, document_sha256, from_day)
SELECT tenant_id, id, 'devices_max', '5', 'sheet', 'x', '', from_day FROM contracts_contract"""
NEW_ITEM = """INSERT INTO contracts_licenseditem
(tenant_id, contract_id, item, source, document_sha256, from_day)
SELECT tenant_id, id, 'csv', 'x', '', from_day FROM contracts_contract"""


def tenant(kind: str = "SG", name: str = "みどりの里") -> Tenant:
    return Tenant.objects.create(name=name, kind_id=kind, created_at=NOW)


def kei() -> Actor:
    known = User.objects.filter(login="kei").first()
    return Actor(known or User.objects.create_staff("kei", "k" * 15, "admin", name="けい"), None)


def agreed(of: Tenant | None = None, **conditions: str) -> Contract:
    sheet = Sheet(BEGIN, END, conditions=conditions, source="申込書 特約", document_sha256="c" * 64)
    return conclude(of or tenant(), sheet, by=NOBODY, now=NOW)


def changed(contract: Contract, since: date = TODAY, **more: Any) -> Amendment:
    return amend(contract, Change(since, "増員", **more), signed(), by=kei(), now=NOW)


def test_a_contract_has_a_number_of_its_kind_counted_on() -> None:
    assert agreed().number == "C-000001"
    assert agreed(tenant("LR")).number == "C-000002"
    assert agreed(tenant("WANA")).number == "W-000001"


def test_the_sheet_goes_before_the_terms_and_names_its_paper() -> None:
    found = effective(agreed(data_scope="P3Y"), "data_scope", TODAY)
    assert (str(found.value), found.level, found.source) == ("P3Y", Level.SHEET, "申込書 特約")
    assert (found.since, found.document_sha256) == (BEGIN, "c" * 64)
    assert [one.text for one in found.wins_over] == ["P1Y"]


def test_an_amendment_goes_before_the_sheet_from_its_day_on() -> None:
    contract = agreed(users_max="5")
    changed(contract, TODAY + 10 * DAY, conditions={"users_max": "8"})
    changed(contract, TODAY + 20 * DAY, conditions={"users_max": "12"})
    seen = [effective(contract, "users_max", TODAY + n * DAY).value for n in (9, 10, 19, 20)]
    assert seen == [5, 8, 8, 12]
    last = effective(contract, "users_max", TODAY + 20 * DAY)
    assert (last.level, last.source) == (Level.AMENDMENT, "変更契約 第2号")
    assert [one.text for one in last.wins_over] == ["5", "10"]


def test_many_contractors_are_asked_at_once(django_assert_max_num_queries: Any) -> None:
    ours = [make_tenant(name=str(n), created_at=NOW, conditions={"users_max": str(n)})
            for n in range(3, 9)]  # fmt: skip
    bare = tenant()
    with django_assert_max_num_queries(3):
        found = of_tenants([*(one.pk for one in ours), bare.pk], "users_max", TODAY)
    assert [found[one.pk].found.value for one in ours] == [3, 4, 5, 6, 7, 8]
    assert (found[bare.pk].contract_id, found[bare.pk].found.level) == (None, Level.DEFAULT)
    assert of_tenants(None, "users_max", TODAY) == found


def test_the_scope_of_data_is_told_as_the_first_day_that_is_kept() -> None:
    ours = make_tenant(name="a", created_at=NOW, conditions={"data_scope": "P90D"})
    day = date(2028, 11, 23)
    assert scope_of(ours.pk, day).first_day == date(2028, 8, 25)
    bare = tenant()
    assert data_scope_of([bare.pk], day)[bare.pk].first_day == date(2027, 11, 23)


def test_the_contract_that_answers_is_the_one_in_force_else_the_last_else_the_next() -> None:
    ours = tenant()
    first = conclude(ours, Sheet(BEGIN, TODAY, conditions={"users_max": "3"}), by=NOBODY, now=NOW)
    later = Sheet(TODAY + 30 * DAY, conditions={"users_max": "7"})
    second = conclude(ours, later, by=NOBODY, now=NOW)
    asked = [BEGIN - DAY, BEGIN, TODAY - DAY, TODAY, TODAY + 29 * DAY, TODAY + 30 * DAY]
    assert [contract_of(ours.pk, day) for day in asked] == [first] * 5 + [second]
    assert [limits_of(ours.pk, day).users_max for day in asked] == [3] * 5 + [7]


def test_two_contracts_are_never_in_force_on_one_day() -> None:
    ours = tenant()
    agreed(ours)
    with pytest.raises(ContractRefusal, match="すでに別の契約"):
        conclude(ours, Sheet(END - DAY), by=NOBODY, now=NOW)
    assert conclude(ours, Sheet(END), by=NOBODY, now=NOW).number == "C-000002"


def test_two_live_values_of_a_key_cannot_stand_in_the_database() -> None:
    draft = draw_up(tenant(), Sheet(BEGIN, conditions={"users_max": "5"}), by=NOBODY, now=NOW)
    one = Condition.objects.get(contract=draft)
    one.pk, one.value, one.from_day = None, "6", TODAY
    two = "one_value_per_key_level_and_day"
    with pytest.raises(IntegrityError, match=two), transaction.atomic():
        one.save()
    one.key = "devices_max"
    one.save()


def test_an_item_cannot_be_licensed_twice() -> None:
    draft = draw_up(tenant(), Sheet(BEGIN), by=NOBODY, now=NOW)
    one = LicensedItem.objects.filter(contract=draft).first()
    assert one is not None
    one.pk, one.from_day = None, TODAY
    with pytest.raises(IntegrityError, match="an_item_is_licensed_once"), transaction.atomic():
        one.save()


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE contracts_contract SET from_day = from_day - 1",
        "UPDATE contracts_contract SET until_day = NULL",
        "UPDATE contracts_contract SET until_day = until_day + 1",
        "UPDATE contracts_contract SET state = 'draft', number = '', formed_at = NULL",
        "UPDATE contracts_contract SET number = 'C-999999'",
        "DELETE FROM contracts_contract",
        "UPDATE contracts_condition SET value = '99'",
        "UPDATE contracts_condition SET until_day = from_day + 1",
        "UPDATE contracts_condition SET source = 'x'",
        "DELETE FROM contracts_condition",
        "UPDATE contracts_licenseditem SET until_day = from_day + 1",
        "DELETE FROM contracts_licenseditem",
        NEW_CONDITION,
        NEW_ITEM,
        "UPDATE contracts_amendment SET reason = 'x'",
        "DELETE FROM contracts_amendment",
        "UPDATE contracts_snapshot SET body = '{}'",
        "DELETE FROM contracts_snapshot",
    ],
)
def test_nothing_of_a_formed_contract_is_changed_in_place(deed: str) -> None:
    sheet = Sheet(BEGIN, END, {"users_max": "5"}, items=[Item.DATA])
    contract = conclude(tenant(), sheet, by=NOBODY, now=NOW)
    changed(contract, conditions={"data_scope": "P2Y"})
    before = told_of(contract)
    # The pipeline has no right to some of it; the owner of the tables meets the trigger.
    for first in ("", AS_OWNER):
        with pytest.raises(REFUSED, match=KEPT), transaction.atomic():
            connection.cursor().execute(f"{first}{deed}")
        become(PIPELINE)
    assert told_of(contract) == before


def told_of(contract: Contract) -> list[object]:
    tables = (Contract, Condition, LicensedItem, Amendment, Snapshot)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def test_a_draft_is_edited_and_thrown_away_freely() -> None:
    draft = draw_up(tenant(), Sheet(BEGIN, conditions={"users_max": "5"}), by=NOBODY, now=NOW)
    Condition.objects.filter(contract=draft).update(value="6")
    assert limits_of(draft.tenant_id, TODAY).users_max == 10, "a draft binds nobody"
    Condition.objects.filter(contract=draft).delete()
    LicensedItem.objects.filter(contract=draft).delete()
    draft.delete()
    assert not Contract.objects.exists()


def test_a_contract_is_formed_once() -> None:
    draft = draw_up(tenant(), Sheet(BEGIN), by=NOBODY, now=NOW)
    formed = form(draft, by=NOBODY, now=NOW)
    assert (formed.state, formed.formed_at) == (Contract.State.FORMED, NOW)
    with pytest.raises(ContractRefusal, match="成立しています"):
        form(draft, by=NOBODY, now=NOW)


def test_an_amendment_is_by_somebody_of_the_office() -> None:
    contract = agreed()
    aki = User.objects.create_user("aki", "a" * 15, name="あき")
    for by in (NOBODY, Actor(aki, contract.tenant)):
        with pytest.raises(ContractRefusal, match="事務局だけ"):
            amend(contract, Change(TODAY, "x", {"users_max": "6"}), signed(), by=by, now=NOW)


def test_an_amendment_by_an_act_of_intent_names_its_hash_and_uses_it_once() -> None:
    aki = contractor()
    contract = agreed(aki.tenant)
    at = datetime.now(NOW.tzinfo)
    draft = propose(aki, IntentKind.AMENDMENT, "利用者を12名にします。", {}, now=at)
    act = declare(aki, answer(draft, aki), effects=NO_EFFECTS, tell=lambda _: None, now=at)
    change = Change(TODAY, "増員", {"users_max": "12"})
    made = amend(contract, change, act, by=kei(), now=NOW)
    assert (made.intent, made.paper, made.document_sha256) == (act, None, act.hash)
    assert effective(contract, "users_max", TODAY).document_sha256 == act.hash
    with pytest.raises(ContractRefusal, match="使われています"):
        amend(contract, Change(TODAY + DAY, "再", {"users_max": "13"}), act, by=kei(), now=NOW)
    other = agreed(tenant())
    with pytest.raises(ContractRefusal, match="意思表示"):
        amend(other, change, act, by=kei(), now=NOW)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change(TODAY, "  ", {"users_max": "6"}), "理由"),
        (Change(TODAY, "x"), "変える内容がありません"),
        (Change(TODAY - DAY, "x", {"users_max": "6"}), "今日からあと"),
        (Change(END, "x", {"users_max": "6"}), "今日からあと"),
        (Change(TODAY, "x", {"users_max": "0"}), "読めません"),
        (Change(TODAY, "x", {"speed": "1"}), "知らない条件"),
        (Change(TODAY, "x", add=[Item.CSV]), "すでにあるか"),
        (Change(TODAY, "x", until_day=TODAY), "変更日より後"),
    ],
)
def test_what_no_amendment_can_do_is_refused_and_nothing_is_kept(
    change: Change, words: str
) -> None:
    contract = agreed()
    before = told_of(contract)
    with pytest.raises(ContractRefusal, match=words):
        amend(contract, change, signed(), by=kei(), now=NOW)
    assert told_of(contract) == before


def test_a_later_amendment_is_not_overtaken_by_an_earlier_one() -> None:
    contract = agreed()
    changed(contract, TODAY + 9 * DAY, conditions={"users_max": "9"})
    with pytest.raises(ContractRefusal, match="すでに変更契約"):
        changed(contract, TODAY, conditions={"users_max": "8"})


def test_an_amendment_moves_the_end_adds_items_and_takes_them_away() -> None:
    contract = conclude(
        tenant(), Sheet(BEGIN, END, items=[Item.DATA, Item.MAIL]), by=NOBODY, now=NOW
    )
    later = END + 365 * DAY
    changed(contract, TODAY + DAY, add=[Item.CSV], remove=[Item.MAIL], until_day=later)
    contract.refresh_from_db()
    assert contract.until_day == later
    assert licensed_of(contract.tenant_id, TODAY) == {Item.DATA, Item.MAIL}
    assert licensed_of(contract.tenant_id, TODAY + DAY) == {Item.DATA, Item.CSV}


def test_after_the_end_looking_and_taking_out_stay_open_for_the_days_of_grace() -> None:
    ours = tenant()
    sheet = Sheet(BEGIN, TODAY, conditions={"grace_days_after_end": "5"})
    conclude(ours, sheet, by=NOBODY, now=NOW)
    assert licensed_of(ours.pk, TODAY - DAY) == set(Item)
    assert licensed_of(ours.pk, TODAY + 4 * DAY) == AFTER_END
    assert licensed_of(ours.pk, TODAY + 5 * DAY) == set()
    assert licensed_of(ours.pk, BEGIN - DAY) == set(), "not before it begins"
    assert licensed_of(tenant().pk, TODAY) == set(), "nothing without a contract"


def test_a_kind_licenses_only_what_it_has() -> None:
    trapper = tenant("WANA")
    with pytest.raises(ContractRefusal, match="サービス種別にはない"):
        draw_up(trapper, Sheet(BEGIN, items=[Item.CSV]), by=NOBODY, now=NOW)
    agreed(trapper)
    assert licensed_of(trapper.pk, TODAY) == {Item.MAIL}


def test_a_contract_is_of_its_contractors_kind_by_the_database_too() -> None:
    ours = tenant()
    connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError, match="of_tenants_kind"), transaction.atomic():
        Contract.objects.create(tenant=ours, kind_id="LR", from_day=BEGIN, made_at=NOW)


def test_formation_and_each_amendment_keep_a_snapshot_whose_hash_is_its_own() -> None:
    contract = agreed(users_max="5")
    changed(contract, TODAY, conditions={"users_max": "8"})
    first, second = Snapshot.objects.order_by("pk")
    for one in (first, second):
        assert one.sha256 == hashlib.sha256(one.body.encode()).hexdigest()
    told = json.loads(second.body)
    assert (told["number"], told["amendment"]["number"]) == (contract.number, 1)
    users = [one for one in told["conditions"] if one["key"] == "users_max"]
    assert [(one["value"], one["source"]) for one in users] == [("8", "変更契約 第1号")]
    assert told["last_day"] == (END - DAY).isoformat()
    assert "csv" in told["items"]


def test_the_paper_tells_days_and_times_as_japan_reads_them() -> None:
    contract = agreed(users_max="5")
    changed(contract, TODAY, conditions={"users_max": "8"})
    told = snapshots.words_of(Snapshot.objects.latest("pk"))
    assert contract.formed_at is not None
    formed = contract.formed_at.astimezone(ZoneInfo("Asia/Tokyo"))
    assert told["formed_at"] == f"{formed.year}年{formed.month}月{formed.day}日{formed:%-H:%M}"
    assert told["on_day"] == formats.date_format(TODAY, "DATE_FORMAT")
    assert "T" not in str(told["period"])
    assert "年" in str(told["period"])


def test_the_clock_sets_each_paper_once_and_the_same_again() -> None:
    contract = agreed(users_max="5")
    before = snapshots.paper_of(Snapshot.objects.get())
    assert snapshots.take_missing(NOW) == 1
    kept = Snapshot.objects.get()
    assert bytes(kept.pdf or b"") == before
    assert kept.pdf_sha256 == hashlib.sha256(before).hexdigest()
    assert before.startswith(b"%PDF-")
    assert snapshots.take_missing(NOW) == 0
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Snapshot.objects.filter(contract=contract).update(pdf=b"other")


def test_a_contract_that_came_with_an_update_gets_its_snapshot_by_the_clock() -> None:
    draft = draw_up(tenant(), Sheet(BEGIN), by=NOBODY, now=NOW)
    Contract.objects.filter(pk=draft.pk).update(state="formed", number="C-000077", formed_at=NOW)
    assert snapshots.take_missing(NOW) == 2
    assert json.loads(Snapshot.objects.get().body)["number"] == "C-000077"


def test_recipients_and_terminals_have_the_room_that_the_contract_gives() -> None:
    ours = make_tenant(
        name="a", created_at=NOW, conditions={"recipients_max": "1", "devices_max": "2"}
    )
    by = Actor(None, ours)
    add_recipient(Person("a", "a@example.jp"), by=by, now=NOW)
    with pytest.raises(BadRecipient, match="1名まで"):
        add_recipient(Person("b", "b@example.jp"), by=by, now=NOW)
    kind = DeviceType.objects.create(
        name_ja="温度計", codec=Codec.objects.create(name="c", kind="network")
    )
    news = [NewDevice(ours, f"{n}", kind, "generic", f"t-{n}") for n in range(3)]
    first = register(news[0], by=by, now=NOW)
    register(news[1], by=by, now=NOW)
    with pytest.raises(BadDevice, match="2台まで"):
        register(news[2], by=by, now=NOW)
    with pytest.raises(BadFile, match="2台まで"):
        save(Listing(ours, [Line(2, {}, news[2], [])]), file="x.csv", by=by, now=NOW)
    assert Device.objects.filter(tenant=ours).count() == 2
    Device.objects.filter(pk=first.pk).update(retired_at=NOW)
    register(news[2], by=by, now=NOW)
    set_condition(ours, recipients_max="none")
    add_recipient(Person("b", "b@example.jp"), by=by, now=NOW)


def test_a_trace_says_by_what_an_automatic_act_went() -> None:
    contract = agreed(data_scope="P3Y")
    scope = scope_of(contract.tenant_id, TODAY)
    act = traces.Act("readings.pruned", TODAY)
    assert traces.keep(act, [(scope.of, "readings_chunk: 7")], now=NOW) == 1
    one = Trace.objects.get()
    assert (one.contract, one.key, one.value, one.level) == (contract, "data_scope", "P3Y", "sheet")
    assert (one.about, one.document_sha256, one.since) == ("readings_chunk: 7", "c" * 64, BEGIN)
    assert [(row["text"], row["source"]) for row in one.wins_over] == [("P1Y", "規約 第5条第1項")]
    assert traces.prune(NOW + timedelta(days=3000)) == 0


def test_a_contractor_sees_its_own_contract_and_changes_nothing() -> None:
    aki = contractor()
    agreed(aki.tenant)
    agreed(tenant())
    become(APP)
    try:
        with access.acting_in(aki.tenant_id, aki.user_id):
            assert Contract.objects.count() == 1
            assert Snapshot.objects.count() == 1
            assert LicensedItem.objects.filter(tenant=aki.tenant).update(item="data") == 0
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                draw_up(aki.tenant, Sheet(END), by=NOBODY, now=NOW)
        with access.acting_as(aki.user_id):
            assert Contract.objects.count() == 0
    finally:
        become(PIPELINE)


def test_what_is_formed_and_amended_is_written_down() -> None:
    ours = make_tenant(name="a", created_at=NOW)
    set_condition(ours, users_max="12")
    told = AuditEntry.objects.filter(tenant=ours).order_by("pk")
    assert [one.action for one in told] == ["contract.formed", "contract.amended"]
    assert told[1].details["conditions"] == {"users_max": "12"}
