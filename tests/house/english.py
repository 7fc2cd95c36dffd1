"""Read a page as an English reader does: what of it is Japanese, and is not somebody's own word."""

import html
import re
from collections.abc import Iterator

from django.apps import apps
from django.test import Client

from noroshi.tenants.models import User

JAPANESE = re.compile(r"[\u3041-\u30fa\u30fc-\u30ff\u3400-\u9fff\uff66-\uff9f]+")
LANGUAGE_ITSELF = {"日本語"}  # the button that leads back to it


def english_browser(user: User) -> Client:
    """A signed-in browser that chose English."""
    browser = Client()
    browser.force_login(user)
    browser.cookies["django_language"] = "en"
    return browser


def japanese_left(page: str) -> list[str]:
    """Every run of Japanese on the page that no row of the database has brought."""
    text = html.unescape(page)
    for word in sorted({*own_words(), *LANGUAGE_ITSELF}, key=len, reverse=True):
        text = text.replace(word, "")
    return JAPANESE.findall(text)


def own_words() -> Iterator[str]:
    """The Japanese that people have written: names, notes, bodies of mails."""
    for model in apps.get_models():
        for row in model._default_manager.values_list():
            yield from (text for value in row for text in texts_of(value))


def texts_of(value: object) -> Iterator[str]:
    """The Japanese texts of one value, through lists and mappings."""
    if isinstance(value, str) and JAPANESE.search(value):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts_of(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts_of(one)
