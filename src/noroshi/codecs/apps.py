"""The room as a Django app."""

from django.apps import AppConfig


class Codecs(AppConfig):
    """How bytes become values: the sandbox, TS013, the Sigfox grammar, Cayenne LPP."""

    name = "noroshi.codecs"
