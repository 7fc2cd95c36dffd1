"""The room as a Django app."""

from django.apps import AppConfig


class Tenants(AppConfig):
    """Who is here."""

    name = "noroshi.tenants"
