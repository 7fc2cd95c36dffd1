"""A page that shows a mail shows no key of its links."""

import pytest
from django.urls import get_resolver
from django.urls.resolvers import URLPattern

from noroshi.ui.keys import KEYED, without_keys

FIRSTS = {
    str(one.pattern).split("<")[0].strip("/")
    for one in get_resolver().url_patterns
    if isinstance(one, URLPattern) and "token" in one.pattern.converters
}


def test_the_addresses_with_keys_are_those_of_the_house() -> None:
    nested = {
        str(one.pattern).split("<")[0].strip("/")
        for group in get_resolver().url_patterns
        for one in getattr(group, "url_patterns", ())
        if isinstance(one, URLPattern) and "token" in one.pattern.converters
    }
    assert FIRSTS | nested == set(KEYED)


@pytest.mark.parametrize("first", KEYED)
def test_the_key_is_left_out_and_the_rest_stays(first: str) -> None:
    text = f"前\n> https://iot.example.jp/{first}/6b0.1:x-Y_z/9/\n後 https://iot.example.jp/d/abc/"
    shown = without_keys(text)
    assert shown == f"前\n> https://iot.example.jp/{first}/…\n後 https://iot.example.jp/d/abc/"
