"""When to speak: a sentence with fields in it, when it counts, and who is told."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec.structs import replace

from noroshi.alarms.actions import Terms
from noroshi.alarms.checks import flaw_of
from noroshi.alarms.conditions import Limits, More, Plan, fields_of
from noroshi.alarms.models import Recipient, Rule, RuleTerms, SharedRule
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.forms.kinds import OFF, ON, PARTS, Asked
from noroshi.web.forms.options import option_fields, read_more, show_more
from noroshi.web.sentences import MINUTE_S

LIMIT_ABS_MAX = 1e12
HOLD_MIN_MAX = 24 * 60
FOR_A_TIME = ("until", "until_upper", "until_lower")
# What an option says when nobody chose it.
QUIET: tuple[object, ...] = (None, "", [], "same", "keep", "0")
SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the sentence: words, or a field."""

    text: str = ""
    field: BoundField | None = None


class RuleForm(forms.Form):
    """The condition of one kind, judgement time, recipients, and what may be left as it is."""

    margin = forms.FloatField(
        label=gettext_lazy("復帰の幅"), required=False, min_value=0, max_value=LIMIT_ABS_MAX
    )
    hold_min = forms.IntegerField(
        label=gettext_lazy("判定時間"), min_value=0, max_value=HOLD_MIN_MAX, initial=0
    )
    recipients: "forms.ModelMultipleChoiceField[Recipient]" = forms.ModelMultipleChoiceField(
        queryset=None,
        label=gettext_lazy("通知先"),
        required=False,
        to_field_name="code",
        widget=forms.CheckboxSelectMultiple,
    )
    is_active = forms.BooleanField(
        label=gettext_lazy("この条件を使う"), required=False, initial=True
    )

    def __init__(
        self,
        member: Membership,
        asked: Asked,
        kind: str,
        rule: RuleTerms | None = None,
        *,
        data: Any = None,
    ) -> None:
        super().__init__(data, initial=initial_of(rule, asked) if rule else None)
        self.asked, self.kind, self.part = asked, kind, PARTS[kind]
        self.plan = rule.plan if rule else None
        asked_for = self.part.fields(asked)
        self.slots = list(asked_for)
        self.fields.update(asked_for)
        self.options = option_fields()
        if kind != "limits" or asked.measure.kind == "boolean":
            del self.options["until_upper"], self.options["until_lower"]
        self.fields.update(self.options)
        if not self.part.has_margin or asked.measure.kind == "boolean":
            del self.fields["margin"]
        if not self.part.has_hold:
            del self.fields["hold_min"]
        held = {"hold_min": self.fields["hold_min"]} if self.part.has_hold else {}
        for name, field in (asked_for | held).items():
            field.widget.attrs |= {"aria-label": field.label, "class": "in-line", "data-slot": name}
        own = access.rows(member, Recipient).order_by("name", "pk")
        told = self.fields["recipients"]
        if isinstance(told, forms.ModelMultipleChoiceField):
            told.queryset = own

    def clean(self) -> dict[str, Any]:
        """What makes no sense together is told beside the field, or above the form."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        if self.kind == "limits" and self.asked.measure.kind != "boolean":
            self._check_limits(cleaned)
        if not self.errors and (flaw := flaw_of(self._plan())):
            self.add_error(None, flaw)
        return cleaned

    def _check_limits(self, cleaned: dict[str, Any]) -> None:
        upper, lower = cleaned.get("upper"), cleaned.get("lower")
        if upper is None and lower is None:
            self.add_error("upper", _("上限か下限の、少なくともどちらかを入れてください。"))
        if upper is not None and lower is not None:
            if upper <= lower:
                self.add_error("upper", _("上限は下限より大きくしてください。"))
            elif (cleaned.get("margin") or 0) > upper - lower:
                self.add_error("margin", _("復帰の幅が、上限と下限の間より広くなっています。"))

    def _plan(self, now: datetime | None = None) -> Plan:
        cleaned = self.cleaned_data
        more = More() if now is None else read_more(cleaned, self.plan, now)
        return Plan(
            key=self.asked.measure.key,
            condition=self.part.read(cleaned, self.asked),
            margin=cleaned.get("margin") or 0.0,
            hold_s=(cleaned.get("hold_min") or 0) * MINUTE_S,
            more=more,
        )

    def plan_at(self, now: datetime) -> Plan:
        """The valid form as the judge takes it; call after `is_valid`."""
        return self._plan(now)

    def terms(self, now: datetime) -> Terms:
        """The valid form as what a rule says; call after `is_valid`."""
        plan = self._plan(now)
        limits = plan.condition if isinstance(plan.condition, Limits) else None
        return Terms(
            key=plan.key,
            upper=limits.upper if limits else None,
            lower=limits.lower if limits else None,
            margin=plan.margin,
            hold_s=plan.hold_s,
            is_active=self.cleaned_data["is_active"],
            kind=self.kind,
            options={} if limits else fields_of(plan.condition),
            more=msgspec.to_builtins(plan.more),
        )

    def told(self) -> list[Recipient]:
        """The chosen recipients; call after `is_valid`."""
        return list(self.cleaned_data["recipients"])

    @property
    def sentence(self) -> Iterator[Piece]:
        """The condition with its fields in their places."""
        words = {"quantity": self.asked.measure.name, "so": self.part.say(self.asked)}
        whole = _("%(quantity)s が %(so)sとき、知らせる。") % words
        if self.part.has_hold:
            whole = _("%(quantity)s が %(so)s状態が {hold_min} 分 続いたら、知らせる。") % words
        for place, text in enumerate(SLOT.split(whole)):
            if place % 2:
                yield Piece(field=self[text])
            elif text:
                yield Piece(text=text)

    @property
    def faults(self) -> Iterator[BoundField]:
        """Fields of the sentence with something wrong: it is told below the sentence."""
        return (self[name] for name in [*self.slots, "hold_min"] if name in self.errors)

    @property
    def has_more(self) -> bool:
        """Whether one of the further options says something: then they stand open."""
        is_set = self.plan is not None and replace(self.plan.more, temporary=None) != More()
        return is_set or any(
            self._stands_out(name) for name in self.options if name not in FOR_A_TIME
        )

    @property
    def is_for_a_time(self) -> bool:
        """Whether the limits change for a time."""
        is_set = self.plan is not None and self.plan.more.temporary is not None
        return is_set or any(self._stands_out(name) for name in self.options if name in FOR_A_TIME)

    def _stands_out(self, name: str) -> bool:
        """Whether something was typed there that is not what stands there by itself."""
        return name in self.errors or (self.is_bound and self[name].data not in QUIET)


def initial_of(rule: RuleTerms, asked: Asked) -> dict[str, object]:
    """What the form shows of a rule that exists."""
    plan = rule.plan
    told = rule.recipients.all() if isinstance(rule, Rule | SharedRule) else []
    shown = PARTS[rule.kind].show(plan.condition)
    if asked.measure.kind == "boolean" and isinstance(shown.get("value"), float):
        shown["value"] = ON if shown["value"] else OFF
    return {
        **shown,
        **show_more(plan),
        "margin": rule.margin,
        "hold_min": rule.hold_s // MINUTE_S,
        "recipients": [one.code for one in told],
        "is_active": rule.is_active,
    }
