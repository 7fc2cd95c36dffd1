"""The room as a Django app."""

from django.apps import AppConfig


class Readings(AppConfig):
    """What was measured: series, store, chart queries, export."""

    name = "noroshi.readings"
