"""The look over the chains: any changed byte, any link gone, moved or added is found."""

import os
import time
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from noroshi.tenants import ledger
from noroshi.tenants.chain import GENESIS, Link, hash_of, text_hash
from noroshi.tenants.ledger import Check, Finding
from noroshi.tenants.models import Intent, LedgerAnchor, Membership
from tests.tenants.deeds import NOW, act, contractor, forging

TEXT_COLUMNS = (
    "code", "draft_code", "kind", "text", "text_sha256", "user_login", "user_name",
    "enrolment_code", "method", "agent", "previous", "hash",
)  # fmt: skip
OTHER_COLUMNS = {
    "tenant_id": "tenant_id + 100000",
    "number": "number + 1000",
    "user_id": "user_id + 100000",
    "at": "at + interval '1 microsecond'",
    "address": "address + 1",
    "payload": "jsonb_set(payload, '{numbers,0}', '2')",
}
NEVER_HASHED = {"id"}  # nobody refers to a row by it
SIZES = {field.column: field.max_length for field in Intent._meta.concrete_fields}


def found(tenant: str = "") -> list[Finding]:
    return list(Check(tenant).findings())


@pytest.fixture
def chain(db: None) -> list[Intent]:
    """Five acts of one contractor and one of another."""
    member = contractor()
    acts = [act(member, f"通知先に「{number}」を追加します。") for number in range(5)]
    act(contractor("other", "ben"))
    return acts


def test_untouched_chains_are_found_whole(chain: list[Intent]) -> None:
    check = Check()
    assert list(check.findings()) == []
    assert (check.links, check.chains) == (6, 2)


def test_one_chain_can_be_looked_at_alone(chain: list[Intent]) -> None:
    check = Check("store")
    assert list(check.findings()) == []
    assert (check.links, check.chains) == (5, 1)


def test_every_column_of_an_act_is_tried_below() -> None:
    columns = {field.column for field in Intent._meta.concrete_fields}
    assert columns == {*TEXT_COLUMNS, *OTHER_COLUMNS} | NEVER_HASHED


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    column=st.sampled_from(TEXT_COLUMNS),
    number=st.integers(1, 5),
    place=st.integers(0, 400),
    letter=st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.just(""),
)
def test_any_changed_character_of_any_text_is_found(
    chain: list[Intent], column: str, number: int, place: int, letter: str
) -> None:
    value = str(getattr(chain[number - 1], column))
    at = place % (len(value) + 1)
    forged = value[:at] + letter + value[at + 1 :]
    assume(forged != value and len(forged) <= (SIZES[column] or 10_000))
    with forging() as cursor:
        cursor.execute(
            f"UPDATE tenants_intent SET {column} = %s WHERE id = %s",
            [forged, chain[number - 1].pk],
        )
        assert ("store", number) in {(one.tenant, one.number) for one in found()}


@pytest.mark.parametrize("column", OTHER_COLUMNS)
@pytest.mark.parametrize("number", [1, 3, 5])
def test_the_smallest_change_of_a_number_time_address_or_payload_is_found(
    chain: list[Intent], column: str, number: int
) -> None:
    contractor("empty", "eve")
    with forging() as cursor:
        if column in {"tenant_id", "user_id"}:
            target = "tenants_tenant" if column == "tenant_id" else "tenants_user"
            cursor.execute(
                f"UPDATE tenants_intent SET {column} = (SELECT max(id) FROM {target}) "
                "WHERE id = %s",
                [chain[number - 1].pk],
            )
        else:
            cursor.execute(
                f"UPDATE tenants_intent SET {column} = {OTHER_COLUMNS[column]} WHERE id = %s",
                [chain[number - 1].pk],
            )
        assert cursor.rowcount == 1
        assert found()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(us=st.integers(-(10**15), 10**15).filter(bool))
def test_any_other_time_is_found(chain: list[Intent], us: int) -> None:
    with forging() as cursor:
        cursor.execute(
            "UPDATE tenants_intent SET at = at + %s * interval '1 microsecond' WHERE id = %s",
            [us, chain[2].pk],
        )
        assert found() == [Finding("store", 3, "changed since it was written")]


@pytest.mark.parametrize(
    "payload", ["{}", "null", "[]", '{"do": "add"}', '{"do": "add", "name": "工場長", "x": null}']
)
def test_any_other_payload_is_found(chain: list[Intent], payload: str) -> None:
    with forging() as cursor:
        cursor.execute(
            "UPDATE tenants_intent SET payload = %s WHERE id = %s", [payload, chain[0].pk]
        )
        assert found()[0].number == 1


@pytest.mark.parametrize("address", [None, "2001:db8::7/64", "10.0.0.1", "::ffff:10.0.0.1"])
def test_any_other_address_is_found(chain: list[Intent], address: str | None) -> None:
    with forging() as cursor:
        cursor.execute(
            "UPDATE tenants_intent SET address = %s WHERE id = %s", [address, chain[0].pk]
        )
        assert found() == [Finding("store", 1, "changed since it was written")]


def test_a_link_taken_out_is_found(chain: list[Intent]) -> None:
    with forging() as cursor:
        cursor.execute("DELETE FROM tenants_intent WHERE id = %s", [chain[2].pk])
        assert found() == [Finding("store", 4, "missing before it: 3 to 3")]


def test_the_first_link_taken_out_is_found(chain: list[Intent]) -> None:
    with forging() as cursor:
        cursor.execute("DELETE FROM tenants_intent WHERE id = %s", [chain[0].pk])
        assert found() == [Finding("store", 2, "missing before it: 1 to 1")]


def test_a_link_taken_out_and_the_rest_moved_up_is_found(chain: list[Intent]) -> None:
    with forging() as cursor:
        cursor.execute("DELETE FROM tenants_intent WHERE id = %s", [chain[2].pk])
        for one in chain[3:]:
            cursor.execute("UPDATE tenants_intent SET number = number - 1 WHERE id = %s", [one.pk])
        assert Finding("store", 3, "does not follow the link before it") in found()


def test_two_links_that_changed_places_are_found(chain: list[Intent]) -> None:
    with forging() as cursor:
        cursor.execute("UPDATE tenants_intent SET number = 99 WHERE id = %s", [chain[1].pk])
        cursor.execute("UPDATE tenants_intent SET number = 2 WHERE id = %s", [chain[2].pk])
        cursor.execute("UPDATE tenants_intent SET number = 3 WHERE id = %s", [chain[1].pk])
        assert {one.number for one in found()} == {2, 3, 4}


def test_a_link_put_in_twice_is_found(chain: list[Intent]) -> None:
    with forging() as cursor:
        cursor.execute("ALTER TABLE tenants_intent DROP CONSTRAINT intents_in_one_row")
        columns = [name for name in (*TEXT_COLUMNS, *OTHER_COLUMNS) if "code" not in name]
        names = ", ".join([*columns, "enrolment_code"])
        cursor.execute(
            f"INSERT INTO tenants_intent (code, draft_code, {names}) "
            f"SELECT 'forged', 'forged', {names} FROM tenants_intent WHERE id = %s",
            [chain[1].pk],
        )
        assert Finding("store", 2, "stands twice") in found()


def test_a_tail_cut_off_is_found_by_the_anchor(chain: list[Intent]) -> None:
    assert ledger.anchor(NOW) == 2
    with forging() as cursor:
        cursor.execute("DELETE FROM tenants_intent WHERE id = %s", [chain[4].pk])
        assert found() == [Finding("store", 5, "missing, but stood on 2026-11-22")]
        cursor.execute("DELETE FROM tenants_intent WHERE user_login = 'aki'")
        assert found() == [Finding("store", 5, "the whole chain is missing")]


def test_a_chain_written_anew_with_right_hashes_is_found_by_the_anchor(
    chain: list[Intent],
) -> None:
    ledger.anchor(NOW)
    with forging() as cursor:
        cursor.execute("DELETE FROM tenants_intent WHERE user_login = 'aki'")
        member = chain[0].tenant.memberships.get()
        for number in range(5):
            act(member, f"解約します。{number}")
        assert found() == [Finding("store", 5, "is not the link that was anchored")]


def test_a_forged_anchor_is_found(chain: list[Intent]) -> None:
    ledger.anchor(NOW)
    with forging() as cursor:
        cursor.execute("UPDATE tenants_ledgeranchor SET hash = %s", ["f" * 64])
        assert {one.tenant for one in found()} == {"store", "other"}


def test_only_chains_that_moved_are_anchored_again(chain: list[Intent]) -> None:
    assert ledger.anchor(NOW) == 2
    assert ledger.anchor(NOW + timedelta(days=1)) == 0
    act(chain[0].tenant.memberships.get(), "更新します。")
    assert ledger.anchor(NOW + timedelta(days=2)) == 1
    assert LedgerAnchor.objects.count() == 3


def test_the_hash_of_all_heads_can_be_found_again_for_a_moment_of_the_past(
    chain: list[Intent],
) -> None:
    ledger.anchor(NOW)
    told = ledger.heads_hash(ledger.heads())
    act(chain[0].tenant.memberships.get(), "更新します。")
    ledger.anchor(NOW + timedelta(days=1))
    assert ledger.heads_hash(ledger.heads_at(NOW)) == told
    assert ledger.heads_hash(ledger.heads()) != told
    assert ledger.heads_at(NOW - timedelta(seconds=1)) == []


def fill(cursor: Any, first: Intent, tenant: Membership, count: int) -> None:
    """Rows of a real chain, written straight into the table."""
    previous, rows = GENESIS, []
    for number in range(1, count + 1):
        text = f"{first.text}\n{'通知の内容を確かめました。' * 5}{number}"
        link = Link(
            previous, tenant.tenant_id, number, f"c{number}", f"d{number}", "recipients", text,
            text_hash(text), first.payload, tenant.user_id, "long", "髙﨑 あき", "e1", "password",
            NOW + timedelta(seconds=number), "192.0.2.7", "Mozilla/5.0",
        )  # fmt: skip
        previous = hash_of(link)
        rows.append((link, previous))
    with cursor.copy(COPY) as copy:
        for link, its_hash in rows:
            copy.write_row(row_of(link, its_hash))


def row_of(link: Link, its_hash: str) -> list[Any]:
    return [
        link.previous, link.tenant_id, link.number, link.code, link.draft_code, link.kind,
        link.text, link.text_sha256, PAYLOAD, link.user_id, link.user_login, link.user_name,
        link.enrolment_code, link.method, link.at, link.address, link.agent, its_hash,
    ]  # fmt: skip


PAYLOAD = '{"do": "add", "name": "工場長", "numbers": [1, null, true]}'
COPY = """COPY tenants_intent (previous, tenant_id, number, code, draft_code, kind, text,
text_sha256, payload, user_id, user_login, user_name, enrolment_code, method, at, address, agent,
hash) FROM STDIN"""


def test_a_million_links_are_looked_over_in_thirty_seconds(chain: list[Intent]) -> None:
    """A share of them here; NOROSHI_TEST_LEDGER=1000000 takes all."""
    count = int(os.environ.get("NOROSHI_TEST_LEDGER", "20000"))
    tenant = contractor("long", "long")
    with forging() as cursor:
        fill(cursor, chain[0], tenant, count)
        cursor.execute("ANALYZE tenants_intent")
        check = Check("long")
        began, worked = time.monotonic(), time.process_time()
        assert list(check.findings()) == []
        worked_s = time.process_time() - worked  # the machine may be busy with other tests
        took_s = time.monotonic() - began
        assert check.links == count
        print(f"{count} links in {took_s:.1f} s, {worked_s:.1f} s of them at work")  # noqa: T201
        assert worked_s < 30 * max(count / 1_000_000, 0.1)
        cursor.execute("UPDATE tenants_intent SET agent = 'x' WHERE code = %s", [f"c{count // 2}"])
        assert [one.number for one in found("long")] == [count // 2]
