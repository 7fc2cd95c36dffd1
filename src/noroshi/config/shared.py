"""What several processes of one program share: loaded before they part, it lies in memory once."""

import gc
import importlib

from django.conf import settings
from django.db import connections
from django.urls import get_resolver
from django.utils import translation


def load(application: str, *, has_pages: bool) -> None:
    """Import the module of an application, with its pages what the first request would load.

    For programs whose server makes its processes by fork. No connection outlives it.
    """
    importlib.import_module(application)
    if has_pages:
        _ = get_resolver().url_patterns
        for language, _name in settings.LANGUAGES:
            with translation.override(language):
                translation.pgettext("of a device", " の ")  # any text: its language is read
    connections.close_all()
    gc.collect()
    gc.freeze()  # a collector that looks at these objects would write into each one
