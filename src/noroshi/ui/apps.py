"""The Django app of the shared look."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Templates, static files and template tags; no tables."""

    name = "noroshi.ui"
    label = "ui"
