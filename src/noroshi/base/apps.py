"""The room as a Django app."""

from django.apps import AppConfig


class Base(AppConfig):
    """The ground: what every room may stand on."""

    name = "noroshi.base"
