"""Fit what a codec gave to what the device type says its quantities are."""

from collections.abc import Mapping

import msgspec

from noroshi.codecs.result import Position, Value, leading_number

Fitted = float | str | Mapping[str, float | None]


class Fit(msgspec.Struct, frozen=True, gc=False):
    """One value with the kind it is stored as: number, boolean, text or position."""

    kind: str
    value: Fitted


def fit(value: Value, kind: str | None) -> Fit | None:
    """The value as `kind` (None: what it looks like), or None when it cannot be read so.

    A network's text such as "3.384 V" counts as the number it begins with.
    """
    if type(value) is float and (kind == "number" or kind is None):
        return Fit("number", value)  # by far the commonest
    if isinstance(value, Position):
        place = {"lat": value.latitude, "lng": value.longitude, "alt": value.altitude}
        return Fit("position", place) if kind in {None, "position"} else None
    if kind is None:
        kind = kind_of(value)
    if kind == "text":
        return Fit("text", value if isinstance(value, str) else plain(value))
    if kind == "position":
        return None
    number = leading_number(value) if isinstance(value, str) else float(value)
    if number is None:
        return None
    return Fit("boolean", float(number != 0)) if kind == "boolean" else Fit("number", number)


def kind_of(value: Value) -> str:
    """The kind a value has by itself."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "text"
    return "number"


def plain(value: float | Position) -> str:
    """A number or truth value as text."""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"
