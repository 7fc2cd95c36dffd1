"""What a person writes about an incident."""

from django import forms
from django.utils.translation import gettext_lazy as _

from noroshi.alarms.deeds import TEXT_CHARS_MAX
from noroshi.alarms.models import Incident


class CommentForm(forms.Form):
    """A line for its course."""

    text = forms.CharField(
        label=_("書き込み"), max_length=TEXT_CHARS_MAX, widget=forms.Textarea(attrs={"rows": 2})
    )


class SettleForm(forms.Form):
    """Why it is closed."""

    reason = forms.ChoiceField(
        label=_("理由"), choices=[("", _("選んでください")), *Incident.Reason.choices]
    )
    text = forms.CharField(
        label=_("ひとこと（なくても可）"),
        max_length=TEXT_CHARS_MAX,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
