"""A rule as one plain sentence, as a person would say it."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from noroshi.alarms import saying
from noroshi.alarms.clauses import clauses
from noroshi.alarms.models import Recipient, RuleTerms
from noroshi.alarms.saying import Names
from noroshi.ui.words import number_words
from noroshi.web.measures import Measure

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
DELAY_S_MIN, DELAY_S_EXACT = 0.1, 10


def sentence(rule: RuleTerms, head: str, names: Names, recipients: Sequence[Recipient]) -> str:
    """「冷蔵庫A の 温度 が 10.0℃ より高い状態が 15分 続いたら 3名に知らせる」; `head` begins it."""
    plan = rule.plan
    parts = {
        "device": head,
        "quantity": saying.subject(plan, names),
        "condition": saying.condition(plan, names),
        "hold": duration(rule.hold_s),
        "telling": telling(recipients),
    }
    if rule.hold_s:
        return (
            _("%(device)s の %(quantity)s が %(condition)s状態が %(hold)s 続いたら %(telling)s")
            % parts
        )
    return _("%(device)s の %(quantity)s が %(condition)sとき、すぐに %(telling)s") % parts


def telling(recipients: Sequence[Recipient]) -> str:
    """Whom it tells; a rule without anybody writes the incident down all the same."""
    active = sum(1 for one in recipients if one.is_active)
    if not active:
        return _("記録だけする（通知先なし）")
    return ngettext("%(n)d名に知らせる", "%(n)d名に知らせる", active) % {"n": active}


def recovery(rule: RuleTerms, measure: Measure, now: datetime) -> str:
    """When the alarm ends, and when the rule counts; empty when there is nothing to say."""
    further = clauses(rule.plan, measure, now)
    return _(" ・ ").join([*([end] if (end := _end(rule, measure)) else []), *further])


def _end(rule: RuleTerms, measure: Measure) -> str:
    """What the margin means; empty for truth values and for a rule without one."""
    if measure.kind == "boolean" or not rule.margin:
        return ""
    ends = []
    if rule.upper is not None:
        ends.append(_("%(value)s 以下") % {"value": measure.words(rule.upper - rule.margin)})
    if rule.lower is not None:
        ends.append(_("%(value)s 以上") % {"value": measure.words(rule.lower + rule.margin)})
    if not ends:
        return _("復帰の幅 %(margin)s") % {"margin": measure.words(rule.margin)}
    return _("復帰は %(ends)s") % {"ends": _("・").join(ends)}


def duration(seconds: int) -> str:
    """15分, 2時間, 1時間30分, 45秒."""
    if seconds % MINUTE_S:
        return ngettext("%(n)d秒", "%(n)d秒", seconds) % {"n": seconds}
    hours, minutes = divmod(seconds // MINUTE_S, 60)
    words = []
    if hours:
        words.append(ngettext("%(n)d時間", "%(n)d時間", hours) % {"n": hours})
    if minutes or not hours:
        words.append(ngettext("%(n)d分", "%(n)d分", minutes) % {"n": minutes})
    return joined(words)


def delay(seconds: float) -> str:
    """How long something was on its way: 0.2秒, 26分, 3時間26分, 2日3時間."""
    seconds = max(seconds, 0.0)
    if seconds < DELAY_S_MIN:
        return _("0.1秒未満")
    if seconds < DELAY_S_EXACT:
        return _("%(n)s秒") % {"n": number_words(seconds, 1)}
    if seconds < MINUTE_S:
        return duration(int(seconds))
    if seconds < 2 * DAY_S:
        return duration(int(seconds) // MINUTE_S * MINUTE_S)
    days, rest = divmod(int(seconds), DAY_S)
    words = [ngettext("%(n)d日", "%(n)d日", days) % {"n": days}]
    if rest >= HOUR_S:
        words.append(duration(rest // HOUR_S * HOUR_S))
    return joined(words)


def joined(words: Sequence[str]) -> str:
    """Parts of a length of time in a row; Japanese needs no space between them."""
    return ("" if (get_language() or "").startswith("ja") else " ").join(words)
