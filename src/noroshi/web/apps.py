"""The room as a Django app."""

from django.apps import AppConfig


class Web(AppConfig):
    """The tenants' door: pages a noun a file."""

    name = "noroshi.web"
