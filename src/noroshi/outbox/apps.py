"""The room as a Django app."""

from django.apps import AppConfig


class Outbox(AppConfig):
    """What leaves: messages, their delivery ledger, the sender."""

    name = "noroshi.outbox"
