"""The room as a Django app."""

from django.apps import AppConfig


class Inbox(AppConfig):
    """What came in: connections and the journal of uplinks."""

    name = "noroshi.inbox"
