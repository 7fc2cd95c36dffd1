"""How a contractor is told: the policy, a group and its roster."""

from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy as _

from noroshi.alarms.models import Event, Group, Policy, Recipient
from noroshi.alarms.policy_actions import MINUTES_MAX, NewDuty, NewGroup, Terms
from noroshi.alarms.roster import Hours
from noroshi.alarms.told_models import HOURLY_MAX, REPEATS_MAX, SINGLES_MAX
from noroshi.tenants import access
from noroshi.tenants.models import Membership

WEEKDAYS = tuple(WEEKDAYS_ABBR[number] for number in range(7))  # Django knows their words
TIME = {"type": "time"}
ROWS_MORE = 3  # empty lines of a roster


class PolicyForm(forms.Form):
    """Recovery, repeats, quiet time, how many mails."""

    tells_recovery = forms.BooleanField(label=_("復帰したときも知らせる"), required=False)
    has_links = forms.BooleanField(
        label=_("メールにリンクを入れる"),
        required=False,
        help_text=_("URLのあるメールを受け取らない設定の携帯電話があるときは、外してください。"),
    )
    repeat_every_min = forms.IntegerField(
        label=_("だれも対応しないときの再通知の間隔"),
        required=False,
        min_value=1,
        max_value=MINUTES_MAX,
        help_text=_("空にすると、再通知をしません。"),
    )
    repeats_max = forms.IntegerField(label=_("再通知の回数"), min_value=1, max_value=REPEATS_MAX)
    quiet_from = forms.TimeField(
        label=_("静かな時間のはじまり"),
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs=TIME),
    )
    quiet_until = forms.TimeField(
        label=_("静かな時間のおわり"),
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs=TIME),
        help_text=_("この時刻に、静かな時間のあいだの知らせを一通にまとめて送ります。"),
    )
    quiet_events = forms.MultipleChoiceField(
        label=_("静かな時間のあいだは待つ知らせ"),
        required=False,
        choices=Event.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    singles_a_minute = forms.IntegerField(
        label=_("一分に一人へ一通ずつ送る数"),
        min_value=1,
        max_value=SINGLES_MAX,
        help_text=_("これより多い警報が一度に起きたときは、一覧にして一分に一通にまとめます。"),
    )
    mails_an_hour = forms.IntegerField(
        label=_("一時間に一人へ送る通数の上限"),
        min_value=1,
        max_value=HOURLY_MAX,
        help_text=_("上限に達すると、そのことを知らせて休み、一時間ごとにまとめて送ります。"),
    )

    def __init__(self, policy: Policy, *, data: Any = None) -> None:
        initial = {name: getattr(policy, name) for name in self.base_fields}
        super().__init__(data, initial=initial)

    def terms(self) -> Terms:
        """The valid form as a value; call after `is_valid`."""
        return Terms(**{name: self.cleaned_data[name] for name in self.base_fields})


class GroupForm(forms.Form):
    """Name, and when it is told."""

    name = forms.CharField(
        label=_("名前"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    after_min = forms.IntegerField(
        label=_("だれも対応しないとき、何分後に知らせるか"),
        required=False,
        min_value=0,
        max_value=MINUTES_MAX,
        help_text=_("0にすると、すべての警報をすぐに知らせます。空にすると、知らせません。"),
    )


class DutyForm(forms.Form):
    """One line of the roster; without hours the whole day."""

    recipient: "forms.ModelChoiceField[Recipient]" = forms.ModelChoiceField(
        queryset=None, label=_("通知先"), required=False, to_field_name="code"
    )
    weekdays = forms.MultipleChoiceField(
        label=_("曜日"),
        required=False,
        choices=list(enumerate(WEEKDAYS)),
        initial=[str(number) for number in range(len(WEEKDAYS))],
        widget=forms.CheckboxSelectMultiple,
    )
    begins = forms.TimeField(
        label=_("はじまり"), required=False, widget=forms.TimeInput(format="%H:%M", attrs=TIME)
    )
    ends = forms.TimeField(
        label=_("おわり"), required=False, widget=forms.TimeInput(format="%H:%M", attrs=TIME)
    )

    def __init__(self, *args: Any, member: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["recipient"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = access.rows(member, Recipient).order_by("name", "pk")

    def clean(self) -> dict[str, Any]:
        """Somebody is on duty on some day, and hours have two ends."""
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("recipient"):
            return cleaned
        if not cleaned.get("weekdays"):
            self.add_error("weekdays", _("曜日を選んでください。"))
        if (cleaned.get("begins") is None) != (cleaned.get("ends") is None):
            self.add_error("ends", _("はじまりとおわりの両方を入れてください。"))
        return cleaned

    def duty(self) -> NewDuty | None:
        """The valid line as a value; None of an empty one."""
        told = self.cleaned_data
        if not told.get("recipient"):
            return None
        weekdays = sum(1 << int(number) for number in told["weekdays"])
        return NewDuty(told["recipient"], Hours(weekdays, told["begins"], told["ends"]))


DutyFormSet = forms.formset_factory(DutyForm, extra=ROWS_MORE, max_num=50, absolute_max=60)


def group_of(form: GroupForm, duties: Any) -> NewGroup:
    """Both valid forms as a value."""
    lines = [duty for one in duties if (duty := one.duty()) is not None]
    return NewGroup(form.cleaned_data["name"], form.cleaned_data["after_min"], lines)


def initial_of(group: Group | None) -> list[dict[str, object]]:
    """The lines of a group's roster as the formset begins with them."""
    if group is None:
        return []
    return [
        {
            "recipient": duty.recipient.code,
            "weekdays": [str(bit) for bit in range(len(WEEKDAYS)) if duty.weekdays >> bit & 1],
            "begins": duty.begins,
            "ends": duty.ends,
        }
        for duty in group.duties.select_related("recipient").order_by("pk")
    ]
