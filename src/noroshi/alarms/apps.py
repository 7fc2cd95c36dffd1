"""The room as a Django app."""

from django.apps import AppConfig


class Alarms(AppConfig):
    """When to speak: rules, the judge, incidents, recipients."""

    name = "noroshi.alarms"
