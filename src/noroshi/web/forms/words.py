"""The contractor's own sentences in the mails, two for each event."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from noroshi.alarms.models import Event
from noroshi.alarms.wording import CHARS_MAX, BadWording, cleaned
from noroshi.alarms.wording_actions import Words


class Sentence(forms.CharField):
    """A sentence with slots; what is wrong with it stands beside the field."""

    def __init__(self, label: Any) -> None:
        super().__init__(
            label=label,
            required=False,
            max_length=CHARS_MAX * 2,  # the sentence itself is counted without blanks at its ends
            widget=forms.Textarea(attrs={"rows": 3}),
        )

    def clean(self, value: Any) -> str:
        """As it is kept."""
        try:
            return cleaned(super().clean(value))
        except BadWording as refusal:
            raise forms.ValidationError(str(refusal)) from None


class WordsForm(forms.Form):
    """Before and after the text of one event's mails."""

    before = Sentence(_("本文の前に入れる文"))
    after = Sentence(_("本文の後に入れる文"))

    def __init__(self, event: str, words: Words, *, data: Any = None) -> None:
        initial = {"before": words.before, "after": words.after}
        super().__init__(data, prefix=event, initial=initial)
        self.event, self.title = event, Event(event).label

    def words(self) -> Words:
        """The valid form; call after `is_valid`."""
        return Words(self.cleaned_data["before"], self.cleaned_data["after"])
