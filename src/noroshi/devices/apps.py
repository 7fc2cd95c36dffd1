"""The room as a Django app."""

from django.apps import AppConfig


class Devices(AppConfig):
    """What stands in the field: the register, types, sites, downlinks."""

    name = "noroshi.devices"
