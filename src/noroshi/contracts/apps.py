"""The room as a Django app."""

from django.apps import AppConfig


class Contracts(AppConfig):
    """On what terms: contracts, conditions, amendments, licensed items."""

    name = "noroshi.contracts"
