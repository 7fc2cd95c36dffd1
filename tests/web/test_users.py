"""The pages of the tenant's users, through the door: name, change, stop, end, review, freeze."""

import pytest
from django.test import Client

from noroshi.tenants.models import AuditEntry, Enrolment, Membership, SignIn, Tenant, User, Visit
from tests.contracted import set_condition
from tests.web.conftest import Cast, enrolled, person, signed_in

NAMED = {"name": "山本 健", "email": "", "affiliation": "employee", "role": "viewer"}
PAGES = (
    "/users/", "/users/new/", "/users/review/", "/users/freeze/", "/sign-ins/",
    "/sign-ins/file.csv", "/audits/", "/audits/new/", "/accesses/",
)  # fmt: skip


@pytest.fixture
def lines(cast: Cast) -> dict[str, Enrolment]:
    """A line of the register for each person of the cast, by login."""
    found = {"ben": cast.line, "aki": enrolled("aki", cast.tenant, cast.now)}
    other = Tenant.objects.get(code="chie-tenant")
    found["chie"] = enrolled("chie", other, cast.now)
    return found


def text_of(client: Client, address: str) -> str:
    """The page, which must be there."""
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_who_is_named_waits_for_the_user_id(cast: Cast, aki: Client) -> None:
    answer = aki.post("/users/new/", NAMED)
    line = Enrolment.objects.get(name="山本 健")
    assert answer["Location"] == f"/users/{line.code}/"
    assert line.tenant == cast.tenant
    page = text_of(aki, "/users/")
    assert "2 / 10" in page
    assert "発行待ち" in page
    assert "発行待ち" in text_of(aki, f"/users/{line.code}/")


def test_the_limit_of_the_contract_is_told_in_plain_words(cast: Cast, aki: Client) -> None:
    set_condition(cast.tenant, users_max="2")
    aki.post("/users/new/", NAMED)
    page = aki.post("/users/new/", NAMED | {"name": "田中"}).content.decode()
    assert "利用者は2名までの契約です" in page
    assert "田中" in page, "what was typed is kept"
    assert Enrolment.objects.count() == 2
    assert "上限に達しています" in text_of(aki, "/users/")


def test_the_widened_class_is_offered_only_by_its_contract(cast: Cast, aki: Client) -> None:
    assert 'value="widened"' not in text_of(aki, "/users/new/")
    assert aki.post("/users/new/", NAMED | {"affiliation": "widened"}).status_code == 200
    assert not Enrolment.objects.filter(affiliation="widened").exists()
    set_condition(cast.tenant, widened_class="猟友会員")
    assert "猟友会員" in text_of(aki, "/users/new/")
    assert aki.post("/users/new/", NAMED | {"affiliation": "widened"}).status_code == 302


def test_authority_sent_by_who_has_none_is_not_given(cast: Cast, aki: Client) -> None:
    Membership.objects.filter(user__login="aki").update(has_authority=False)
    aki.post("/users/new/", NAMED | {"has_authority": "on"})
    assert not Enrolment.objects.get(name="山本 健").has_authority
    Membership.objects.filter(user__login="aki").update(has_authority=True)
    aki.post("/users/new/", NAMED | {"name": "権限あり", "has_authority": "on"})
    assert Enrolment.objects.get(name="権限あり").has_authority


def test_fields_that_the_form_does_not_have_change_nothing(
    cast: Cast, aki: Client, lines: dict[str, Enrolment]
) -> None:
    other = Tenant.objects.get(code="chie-tenant")
    sent = {"tenant": other.pk, "code": "mine", "membership": "", "ended_at": "2020-01-01"}
    aki.post(f"/users/{lines['ben'].code}/", NAMED | {"name": "Ben II"} | sent)
    line = Enrolment.objects.get(pk=lines["ben"].pk)
    assert (line.name, line.tenant, line.code, line.ended_at) == (
        "Ben II", cast.tenant, lines["ben"].code, None,
    )  # fmt: skip
    assert line.membership is not None


def test_who_is_stopped_is_out_at_the_next_request_and_back_when_started(
    cast: Cast, aki: Client, ben: Client, lines: dict[str, Enrolment]
) -> None:
    assert ben.get("/").status_code == 200
    code = lines["ben"].code
    assert aki.post(f"/users/{code}/stop/").status_code == 302
    gone = ben.get("/")
    assert gone.status_code == 302
    assert gone["Location"].startswith("/sign-in/")
    assert "停止中" in text_of(aki, f"/users/{code}/")
    again = signed_in("ben")
    assert again.get("/")["Location"] == "/choose/"
    assert "cold2" not in text_of(again, "/choose/")
    assert aki.post(f"/users/{code}/start/").status_code == 302
    assert signed_in("ben").get("/").status_code == 200
    assert AuditEntry.objects.filter(action="user.stopped", user__login="aki").count() == 1


def test_who_stops_the_own_id_is_signed_out(
    cast: Cast, aki: Client, lines: dict[str, Enrolment]
) -> None:
    person("mai", cast.tenant, Membership.Role.ADMIN)
    answer = aki.post(f"/users/{lines['aki'].code}/stop/")
    assert answer["Location"] == "/sign-in/"
    assert aki.get("/")["Location"].startswith("/sign-in/")


def test_the_last_administrator_is_told_why_not(
    cast: Cast, aki: Client, lines: dict[str, Enrolment]
) -> None:
    for deed in ("stop", "end"):
        answer = aki.post(f"/users/{lines['aki'].code}/{deed}/", follow=True)
        assert "管理者がひとりもいなくなります" in answer.content.decode()
    page = aki.post(f"/users/{lines['aki'].code}/", NAMED).content.decode()
    assert "管理者がひとりもいなくなります" in page
    assert Membership.objects.get(user__login="aki").role == "admin"


def test_who_is_ended_is_out_and_leaves_the_list(
    cast: Cast, aki: Client, ben: Client, lines: dict[str, Enrolment]
) -> None:
    code = lines["ben"].code
    ben.get("/")
    aki.post(f"/users/{code}/end/")
    assert ben.get("/").status_code == 302
    assert f"/users/{code}/" not in text_of(aki, "/users/")
    assert f"/users/{code}/" in text_of(aki, "/users/?state=ended")
    refused = aki.post(f"/users/{code}/start/", follow=True).content.decode()
    assert "名簿から外れています" in refused


def test_the_list_narrows_by_state_and_by_words(
    cast: Cast, aki: Client, lines: dict[str, Enrolment]
) -> None:
    aki.post("/users/new/", NAMED)
    User.objects.filter(login="ben").update(state=User.State.ISSUED)
    ben, ken = f"/users/{lines['ben'].code}/", "山本 健"
    assert ben in text_of(aki, "/users/?state=initial")
    assert ken not in text_of(aki, "/users/?state=initial")
    assert ken in text_of(aki, "/users/?state=waiting")
    assert ben not in text_of(aki, "/users/?state=active")
    assert ken in text_of(aki, "/users/?q=山本")
    assert "当てはまる方がいません" in text_of(aki, "/users/?q=nobody")
    Membership.objects.filter(user__login="ben").update(stopped_at=cast.now)
    assert ben in text_of(aki, "/users/?state=stopped")


def test_an_id_without_a_line_of_the_register_is_pointed_out(cast: Cast, aki: Client) -> None:
    assert "名簿にない利用者IDがあります" in text_of(aki, "/users/")


def test_only_an_administrator_finds_these_pages_in_the_menu(
    cast: Cast, aki: Client, ben: Client
) -> None:
    assert "/users/" in text_of(aki, "/")
    assert "/users/" not in text_of(ben, "/")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_the_database_the_same_for_three_users_and_for_thirty(
    path: str, cast: Cast, aki: Client, lines: dict[str, Enrolment],
    django_assert_max_num_queries: object,
) -> None:  # fmt: skip
    for number in range(30):
        one = person(f"u{number}", cast.tenant, Membership.Role.VIEWER)
        Enrolment.objects.create(
            tenant=cast.tenant, name=one.name, affiliation="employee", role="viewer",
            named_at=cast.now, membership=one.memberships.get(),
        )  # fmt: skip
        SignIn.objects.create(user=one, at=cast.now, outcome="ok", address="203.0.113.5")
    aki.get(path)
    with django_assert_max_num_queries(26):  # type: ignore[operator]
        assert aki.get(path).status_code == 200


def test_a_review_keeps_and_ends_on_one_page(
    cast: Cast, aki: Client, lines: dict[str, Enrolment]
) -> None:
    assert "まだ一度も行っていません" in text_of(aki, "/users/review/")
    mine, his = lines["aki"], lines["ben"]
    half = aki.post("/users/review/", {f"line-{mine.code}": "keep"})
    assert "もう一度ご確認ください" in half.content.decode()
    foreign = {f"line-{lines['chie'].code}": "end"}
    sent = {f"line-{mine.code}": "keep", f"line-{his.code}": "end"}
    assert aki.post("/users/review/", sent | foreign).status_code == 200
    assert aki.post("/users/review/", sent).status_code == 302
    page = text_of(aki, "/users/review/")
    assert "最後の棚卸しは" in page
    assert f"line-{his.code}" not in page
    assert Enrolment.objects.get(pk=mine.pk).reviewed_at is not None
    assert Enrolment.objects.get(pk=lines["chie"].pk).ended_at is None


def test_a_freeze_needs_the_name_and_then_nobody_gets_in(
    cast: Cast, aki: Client, ben: Client, chie: Client, lines: dict[str, Enrolment]
) -> None:
    for client in (aki, ben, chie):
        assert client.get("/").status_code == 200
    wrong = aki.post("/users/freeze/", {"name": "べつの会社"})
    assert "名称と一致しません" in wrong.content.decode()
    assert ben.get("/").status_code == 200
    done = aki.post("/users/freeze/", {"name": " 米野木青果 "})
    assert "緊急停止しました" in done.content.decode()
    for client, login in ((aki, "aki"), (ben, "ben")):
        assert client.get("/devices/")["Location"].startswith("/sign-in/")
        back = signed_in(login)
        assert back.get("/devices/")["Location"] == "/choose/"
        assert back.post(f"/as/{cast.tenant.code}/").status_code == 404
        assert back.get(f"/d/{cast.device.code}/").status_code == 302
    assert chie.get("/").status_code == 200
    entry = AuditEntry.objects.get(action="tenant.frozen")
    assert entry.user == User.objects.get(login="aki")
    assert entry.details["people"] == 2


def test_strangers_find_no_line_of_the_register(
    cast: Cast, aki: Client, chie: Client, lines: dict[str, Enrolment]
) -> None:
    code = lines["ben"].code
    assert chie.get(f"/users/{code}/").status_code == 404
    assert chie.get(f"/history/?who={code}").status_code == 404
    for deed in ("", "stop/", "start/", "end/"):
        assert chie.post(f"/users/{code}/{deed}", NAMED).status_code == 404
    line = Enrolment.objects.get(pk=lines["ben"].pk)
    assert (line.name, line.ended_at) == ("Ben", None)
    assert "Ben" not in text_of(chie, "/users/")
    assert aki.get(f"/users/{code}/").status_code == 200


def test_the_history_tells_a_change_before_and_after_in_words(
    cast: Cast, aki: Client, lines: dict[str, Enrolment]
) -> None:
    aki.post(f"/users/{lines['ben'].code}/", NAMED | {"name": "Ben", "role": "editor"})
    page = text_of(aki, "/history/")
    assert "名簿の内容を変更" in page
    assert "役割: 閲覧者 → 編集者" in page
    assert "名簿の内容を変更" in text_of(aki, f"/history/?who={lines['aki'].code}")
    assert "名簿の内容を変更" not in text_of(aki, f"/history/?who={lines['ben'].code}")


def test_what_is_done_about_people_is_told_to_administrators_only(
    cast: Cast, aki: Client, ben: Client
) -> None:
    aki.post("/users/new/", NAMED)
    assert "利用者を名簿に登録" in text_of(aki, "/history/")
    assert "山本 健" not in text_of(ben, "/history/")


def test_a_freeze_ends_the_audits_for_good(cast: Cast, aki: Client) -> None:
    auditor = Client()
    auditor.force_login(cast.audit.visitor)
    assert "cold2" in text_of(auditor, "/devices/")
    aki.post("/users/freeze/", {"name": cast.tenant.name})
    assert auditor.get("/devices/").status_code == 302
    back = Client()
    back.force_login(cast.audit.visitor)
    assert "cold2" not in back.get("/devices/", follow=True).content.decode()
    assert Visit.objects.get(pk=cast.audit.pk).ended_at is not None
    assert Visit.objects.get(pk=cast.visit.pk).ended_at is None


def test_who_signs_in_to_a_frozen_contractor_is_told_whom_to_ask(cast: Cast, aki: Client) -> None:
    aki.post("/users/freeze/", {"name": cast.tenant.name})
    assert "緊急停止しています" in text_of(signed_in("ben"), "/choose/")
    assert "緊急停止しています" not in text_of(signed_in("chie"), "/choose/")
