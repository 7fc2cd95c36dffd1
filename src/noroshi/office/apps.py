"""The room as a Django app."""

from django.apps import AppConfig


class Office(AppConfig):
    """The provider's door: pages a noun a file."""

    name = "noroshi.office"
