"""When to speak: the limits of one quantity and who is told."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from noroshi.alarms.actions import Terms
from noroshi.alarms.models import Recipient, Rule
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.measures import Measure
from noroshi.web.sentences import BETWEEN, MINUTE_S

LIMIT_ABS_MAX = 1e12
HOLD_MIN_MAX = 24 * 60
ON, OFF = "on", "off"


class RuleForm(forms.Form):
    """Limits for a number, or one of two words for a truth value; judgement time, recipients."""

    upper = forms.FloatField(
        label=_("上限"), required=False, min_value=-LIMIT_ABS_MAX, max_value=LIMIT_ABS_MAX
    )
    lower = forms.FloatField(
        label=_("下限"), required=False, min_value=-LIMIT_ABS_MAX, max_value=LIMIT_ABS_MAX
    )
    margin = forms.FloatField(
        label=_("復帰の幅"), required=False, min_value=0, max_value=LIMIT_ABS_MAX
    )
    when = forms.ChoiceField(label=_("知らせるとき"), widget=forms.RadioSelect)
    hold_min = forms.IntegerField(
        label=_("判定時間"), min_value=0, max_value=HOLD_MIN_MAX, initial=0
    )
    recipients: "forms.ModelMultipleChoiceField[Recipient]" = forms.ModelMultipleChoiceField(
        queryset=None,
        label=_("通知先"),
        required=False,
        to_field_name="code",
        widget=forms.CheckboxSelectMultiple,
    )
    is_active = forms.BooleanField(label=_("この条件を使う"), required=False, initial=True)

    def __init__(
        self, member: Membership, measure: Measure, rule: Rule | None = None, *, data: Any = None
    ) -> None:
        super().__init__(data, initial=initial_of(rule) if rule else None)
        self.measure = measure
        own = access.rows(member, Recipient).order_by("name", "pk")
        field = self.fields["recipients"]
        if isinstance(field, forms.ModelMultipleChoiceField):
            field.queryset = own
        if measure.kind == "boolean":
            for name in ("upper", "lower", "margin"):
                del self.fields[name]
            words = [(ON, measure.word(1)), (OFF, measure.word(0))]
            when = self.fields["when"]
            if isinstance(when, forms.ChoiceField):
                when.choices = words
        else:
            del self.fields["when"]

    def clean(self) -> dict[str, Any]:
        """A rule needs a limit, and the limits must leave room for what is normal."""
        cleaned = super().clean() or self.cleaned_data
        if self.measure.kind == "boolean":
            return cleaned
        upper, lower = cleaned.get("upper"), cleaned.get("lower")
        if upper is None and lower is None and not self.errors:
            self.add_error("upper", _("上限か下限の、少なくともどちらかを入れてください。"))
        if upper is not None and lower is not None:
            if upper <= lower:
                self.add_error("upper", _("上限は下限より大きくしてください。"))
            elif (cleaned.get("margin") or 0) > upper - lower:
                self.add_error("margin", _("復帰の幅が、上限と下限の間より広くなっています。"))
        return cleaned

    def terms(self, key: str) -> Terms:
        """The valid form as what a rule says; call after `is_valid`."""
        cleaned = self.cleaned_data
        upper, lower, margin = cleaned.get("upper"), cleaned.get("lower"), cleaned.get("margin")
        if self.measure.kind == "boolean":
            is_on = cleaned["when"] == ON
            upper, lower, margin = (BETWEEN, None, 0.0) if is_on else (None, BETWEEN, 0.0)
        return Terms(
            key=key,
            upper=upper,
            lower=lower,
            margin=margin or 0.0,
            hold_s=cleaned["hold_min"] * MINUTE_S,
            is_active=cleaned["is_active"],
        )

    def told(self) -> list[Recipient]:
        """The chosen recipients; call after `is_valid`."""
        return list(self.cleaned_data["recipients"])


def initial_of(rule: Rule) -> dict[str, object]:
    """What the form shows of a rule that exists."""
    return {
        "upper": rule.upper,
        "lower": rule.lower,
        "margin": rule.margin,
        "when": ON if rule.upper is not None else OFF,
        "hold_min": rule.hold_s // MINUTE_S,
        "recipients": [one.code for one in rule.recipients.all()],
        "is_active": rule.is_active,
    }
