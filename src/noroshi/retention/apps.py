"""The room as a Django app."""

from django.apps import AppConfig


class Retention(AppConfig):
    """When data go: how long contracts keep them, plans, notices, holds, certificates."""

    name = "noroshi.retention"
