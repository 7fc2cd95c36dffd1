"""The room as a Django app."""

from django.apps import AppConfig


class Live(AppConfig):
    """The browsers' ear: server-sent events."""

    name = "noroshi.live"
