"""From readings to incidents and mails, on the real database."""

from threading import Barrier, Thread

from django.db import connection, transaction

from noroshi.alarms.actions import Terms, change_rule
from noroshi.alarms.models import Incident, RuleState
from noroshi.alarms.watch import Watched, watch
from noroshi.outbox.models import Message
from tests.alarms.conftest import Store, at


def mails(kind: str) -> list[Message]:
    return list(Message.objects.filter(kind=f"incident.{kind}").order_by("address"))


def test_a_broken_limit_opens_an_incident_and_writes_one_mail_to_each_recipient(
    store: Store,
) -> None:
    store.rule()
    assert store.feed((0, 9.0), (15, 11.2)) == Watched(1, 0)
    incident = Incident.objects.get()
    assert (incident.side, incident.limit, incident.opened_value) == ("upper", 10.0, 11.2)
    assert incident.opened_at == at(15)
    japanese, english = mails("opened")
    assert japanese.subject == "【上限警報】冷蔵庫A 温度 11.2℃（上限10.0℃）10:15"
    assert english.subject == "[High alarm] 冷蔵庫A temperature 11.2℃ (limit 10.0℃) 10:15"
    assert japanese.message_id == f"{incident.code}.opened.aki@localhost.localdomain"
    assert japanese.about == incident.code


def test_recovery_closes_the_incident_and_answers_in_the_same_thread(store: Store) -> None:
    store.rule(margin=1.0)
    store.feed((15, 11.2))
    store.feed((30, 12.1), (40, 9.5))
    assert store.feed((55, 8.9)) == Watched(0, 1)
    incident = Incident.objects.get()
    assert (incident.closed_at, incident.closed_value) == (at(55), 8.9)
    assert incident.worst_value == 12.1
    japanese, english = mails("recovered")
    assert japanese.subject == "【復帰】冷蔵庫A 温度 8.9℃ 10:55（警報40分間・最高12.1℃）"
    assert "(alarm 40 min, highest 12.1℃)" in english.subject
    assert japanese.thread_id == mails("opened")[0].message_id


def test_a_mail_says_where_what_since_when_and_who_else_was_told(store: Store) -> None:
    store.rule(hold_s=600)
    store.feed((5, 11.0), (15, 11.2))
    lines = mails("opened")[0].body.splitlines()
    assert lines.pop().startswith("http://127.0.0.1:8000/a/")
    assert lines == [
        "温度が上限を超えました。",
        "",
        "端末: 冷蔵庫A",
        "場所: 本店",
        "温度: 11.2℃（上限 10.0℃）",
        "時刻: 11月22日(日) 10:15",
        "はじまり: 11月22日(日) 10:05",
        "（10分続いたため警報としました）",
        "",
        "この通知は2名に送りました。",
        "http://127.0.0.1:8000/d/dev1/",
        "",
        "確認したと記録する（7日間使えます）:",
    ]


def test_one_batch_may_open_and_close(store: Store) -> None:
    store.rule()
    assert store.feed((0, 11), (1, 12), (2, 9), (3, 13)) == Watched(2, 1)
    first, second = Incident.objects.order_by("opened_at")
    assert (first.worst_value, first.closed_at) == (12, at(2))
    assert (second.opened_value, second.closed_at) == (13, None)
    assert len(mails("opened")) == 4
    assert len(mails("recovered")) == 2


def test_readings_of_a_batch_are_judged_in_the_order_of_their_time(store: Store) -> None:
    store.rule()
    assert store.feed((2, 9), (1, 11)) == Watched(1, 1)


def test_a_late_reading_neither_opens_nor_closes(store: Store) -> None:
    store.rule()
    assert store.feed((0, 99), is_late=True) == Watched(0, 0)
    store.feed((10, 11))
    assert store.feed((5, 1), is_late=True) == Watched(0, 0)
    assert Incident.objects.open_().count() == 1


def test_a_reading_older_than_the_last_change_is_not_judged(store: Store) -> None:
    store.rule()
    store.feed((10, 11))
    assert store.feed((5, 1)) == Watched(0, 0)


def test_a_door_that_opens_is_told_in_words(store: Store) -> None:
    store.rule(key="door", upper=0.5)
    assert store.feed((0, True), key="door") == Watched(1, 0)
    japanese, english = mails("opened")
    assert japanese.subject == "【警報】冷蔵庫A 扉 開 10:00"
    assert english.subject == "[Alarm] 冷蔵庫A door open 10:00"
    store.feed((5, False), key="door")
    assert mails("recovered")[0].subject == "【復帰】冷蔵庫A 扉 閉 10:05（警報5分間）"


def test_crossing_from_one_limit_to_the_other_closes_one_and_opens_the_other(
    store: Store,
) -> None:
    store.rule(lower=2.0)
    store.feed((0, 11))
    assert store.feed((1, 1.5)) == Watched(1, 1)
    sides = Incident.objects.order_by("opened_at").values_list("side", "closed_at")
    assert list(sides) == [("upper", at(1)), ("lower", None)]


def test_the_judgement_time_runs_across_batches(store: Store) -> None:
    store.rule(hold_s=600)
    assert store.feed((0, 11)) == Watched(0, 0)
    assert RuleState.objects.get().phase == "pending"
    assert store.feed((9, 11)) == Watched(0, 0)
    assert store.feed((10, 11)) == Watched(1, 0)
    assert Incident.objects.get().since == at(0)


def test_a_mail_about_an_old_reading_says_that_it_came_late(store: Store) -> None:
    store.rule()
    watch(store.kept([(0, 11)]), now=at(11))
    assert "（遅れて届いた計測値です）" in mails("opened")[0].body
    assert "This reading arrived late." in mails("opened")[1].body


def test_an_inactive_recipient_and_a_stopped_rule_are_silent(store: Store) -> None:
    store.aki.is_active = False
    store.aki.save()
    store.rule()
    store.rule(is_active=False)
    store.feed((0, 11))
    assert [mail.address for mail in mails("opened")] == ["ben@example.jp"]
    assert Incident.objects.count() == 1


def test_a_value_that_rounds_to_the_limit_is_shown_with_more_digits(store: Store) -> None:
    store.rule()
    store.feed((0, 10.04))
    assert " 10.04℃（上限10.0℃）" in mails("opened")[0].subject


def test_a_name_with_breaks_and_half_width_kana_makes_one_clean_subject(store: Store) -> None:
    store.device.name = "ﾚｲｿﾞｳ\r\nBcc: x@example.jp & <b>"
    store.device.save()
    store.rule()
    store.feed((0, 11))
    subject = mails("opened")[0].subject
    assert subject.startswith("【上限警報】レイゾウ Bcc: x@example.jp & <b> 温度")


def test_an_incident_that_is_open_already_is_taken_over_and_not_told_again(store: Store) -> None:
    rule = store.rule()
    store.feed((0, 11))
    RuleState.objects.all().delete()
    assert store.feed((1, 12)) == Watched(0, 0)
    assert Incident.objects.get(rule=rule).worst_value == 12
    assert len(mails("opened")) == 2


def test_normal_readings_of_resting_rules_cost_one_query(
    store: Store, django_assert_num_queries: object
) -> None:
    for _ in range(3):
        store.rule()
    kept = store.kept([(0, 5.0)])
    with django_assert_num_queries(0):  # the one question goes past Django's cursor
        assert watch(kept, now=at(0)) == Watched(0, 0)
    assert not RuleState.objects.exists()


def test_a_changed_limit_begins_anew(store: Store) -> None:
    rule = store.rule()
    store.feed((0, 11))
    change_rule(rule, Terms("temperature", 20.0, None), [store.aki], by=store.actor, now=at(5))
    assert Incident.objects.get().closed_at == at(5)
    assert store.feed((6, 11)) == Watched(0, 0)
    assert store.feed((7, 21)) == Watched(1, 0)
    assert len(mails("opened")) == 3


def test_the_same_crossing_judged_by_many_at_once_opens_one_incident(committed: Store) -> None:
    committed.rule()
    kept = committed.kept([(0, 11)])
    barrier, found = Barrier(8), []

    def judge_it() -> None:
        barrier.wait()
        with transaction.atomic():
            found.append(watch(kept, now=at(0)).opened)
        connection.close()

    threads = [Thread(target=judge_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [0] * 7 + [1]
    assert Incident.objects.count() == 1
    assert Message.objects.count() == 2
