"""The Django app of the shared look."""

from django.apps import AppConfig
from django.forms import Field
from django.utils.translation import gettext_lazy as _


class UiConfig(AppConfig):
    """Templates, static files and template tags; no tables."""

    name = "noroshi.ui"
    label = "ui"

    def ready(self) -> None:
        """Say "please fill this in" in every form; Django's own word is an engineer's."""
        Field.default_error_messages["required"] = _("入力してください。")
