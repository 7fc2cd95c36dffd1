"""Bodies that are not JSON: forms, query strings, and lines of text, as Sigfox may send them."""

import re
from collections.abc import Iterator
from functools import lru_cache

from noroshi.networks import fields
from noroshi.networks.fields import Fields
from noroshi.networks.uplink import Arrival, Malformed

LINE = "{device};{time};{data};{seqNumber}"
LINE_FIELDS_MAX = 40

_VARIABLE = re.compile(r"\{([A-Za-z][\w#.-]*)\}")
_PAIR = re.compile(r"[A-Za-z_][\w#.-]*\s*=")
_BETWEEN_PAIRS = re.compile(r"[&;,\n]")


def messages(arrival: Arrival) -> list[Fields]:
    """Return the messages of an arrival: JSON, form, lines of pairs, lines by pattern, or query.

    Raises Malformed: not_json, not_text, empty, bad_line, bad_settings.
    """
    body = arrival.body.strip()
    if body[:1] in {b"{", b"["} or body[:3] == b"\xef\xbb\xbf":
        return _of_json(body)
    text = _text(body) if body else ""
    if not text:
        if not arrival.query:
            raise Malformed("empty", "the request has neither a body nor a query")
        query = dict(pairs(arrival.query))
        if not query.get("batch"):
            return [Fields(query)]
        text = query["batch"]
    if "form" in arrival.content_type or ("&" in text and _PAIR.match(text)):
        form = dict(pairs(text))
        return _lines(form["batch"], arrival) if form.get("batch") else [Fields(form)]
    return _lines(text, arrival)


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield the names and values of a form or query string; a later name wins in a dict.

    Raises Malformed not_text when an escape is not UTF-8.
    """
    for part in text.split("&"):
        name, _, value = part.partition("=")
        if name:
            yield unquote(name).strip(), unquote(value)


def unquote(text: str) -> str:
    """Return text with %xx and + read as a form means them.

    Raises Malformed not_text when the bytes are not UTF-8 or hold U+0000.
    """
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    first, *rest = text.encode("utf-8", "surrogatepass").split(b"%")
    whole = [first]
    for part in rest:
        try:
            whole.append(bytes.fromhex(part[:2].decode("ascii")) + part[2:])
        except ValueError:
            whole.append(b"%" + part)
    return _text(b"".join(whole))


def _of_json(body: bytes) -> list[Fields]:
    try:
        return fields.load_many(body)
    except Malformed as refusal:
        unfilled = _VARIABLE.search(body.decode(errors="replace"))
        if refusal.reason == "not_json" and unfilled is not None:
            raise Malformed(
                "template_not_filled", f"{unfilled[0][:40]} was sent as it is"
            ) from None
        raise


def _text(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Malformed("not_text", "the text is not UTF-8") from None
    if "\0" in text:
        raise Malformed("nul_in_text", "a text holds the character U+0000")
    return text


def _lines(text: str, arrival: Arrival) -> list[Fields]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise Malformed("empty", "the request has no message")
    if "line" in arrival.settings or not all(_PAIR.match(line) for line in lines):
        pattern = arrival.settings.get("line") or LINE
        return [_by_pattern(line, pattern) for line in lines]
    if len(lines) > 1 and all(len(_BETWEEN_PAIRS.split(line)) > 1 for line in lines):
        return [_of_pairs(line) for line in lines]
    return [_of_pairs("\n".join(lines))]


def _of_pairs(text: str) -> Fields:
    found: dict[str, object] = {}
    for part in _BETWEEN_PAIRS.split(text):
        name, _, value = part.partition("=")
        if name.strip():
            found[name.strip()] = value.strip()
    return Fields(found)


def _by_pattern(line: str, pattern: object) -> Fields:
    if not isinstance(pattern, str):
        raise Malformed("bad_settings", "the line pattern of the connection is not text")
    names, expression = _compiled(pattern)
    match = expression.fullmatch(line)
    if match is None:
        raise Malformed("bad_line", f"a line does not fit the pattern {pattern[:80]}")
    return Fields(dict(zip(names, match.groups(), strict=True)))


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> tuple[tuple[str, ...], re.Pattern[str]]:
    parts = _VARIABLE.split(pattern.strip())
    texts, names = parts[::2], parts[1::2]
    if not names or len(names) > LINE_FIELDS_MAX or "" in texts[1:-1]:
        raise Malformed("bad_settings", "the line pattern needs a separator between variables")
    # A value ends where its separator begins, so matching never looks back.
    expression = re.escape(texts[0])
    for after in texts[1:]:
        value = f"([^{re.escape(after[0])}]*)" if after else "(.*)"
        expression += value + re.escape(after)
    # The part after "#" is the name that the customer gave the field.
    return tuple(name.rpartition("#")[2] for name in names), re.compile(expression)
