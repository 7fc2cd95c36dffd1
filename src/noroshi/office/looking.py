"""Show a body as people can read it: JSON indented, forms line by line, anything else as hex."""

import json
from dataclasses import dataclass
from urllib.parse import parse_qsl

SHOWN_BYTES_MAX = 64 * 1024
HEX_BYTES_MAX = 4 * 1024
HEX_ROW = 16
PAIRS_MAX = 200
CONTROLS_ALLOWED = frozenset("\n\r\t")


@dataclass(frozen=True, slots=True)
class Look:
    """A body made readable; `form` is json, form, text, hex or empty; `raw` differs from `text`."""

    form: str
    text: str
    raw: str
    size: int
    is_cut: bool


def look(body: bytes, content_type: str) -> Look:
    """Every body can be looked at; nothing in it is believed."""
    size = len(body)
    if not body:
        return Look("empty", "", "", 0, is_cut=False)
    text = text_of(body[:SHOWN_BYTES_MAX])
    is_cut = size > SHOWN_BYTES_MAX
    if text is None:
        return Look("hex", hex_rows(body[:HEX_BYTES_MAX]), "", size, is_cut=size > HEX_BYTES_MAX)
    pretty = json_text(text)
    if pretty is not None:
        return Look("json", pretty, text, size, is_cut=is_cut)
    if "form" in content_type:
        return Look("form", form_text(text), text, size, is_cut=is_cut)
    return Look("text", text, "", size, is_cut=is_cut)


def text_of(body: bytes) -> str | None:
    """UTF-8 text without control characters, or None."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    is_plain = all(char.isprintable() or char in CONTROLS_ALLOWED for char in set(text))
    return text if is_plain else None


def json_text(text: str) -> str | None:
    """The same JSON, indented; None when it is none."""
    try:
        pretty = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
    return pretty.encode("utf-8", "replace").decode()


def form_text(text: str) -> str:
    """A form, a line a field."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=PAIRS_MAX)
    except ValueError:
        return text
    return "\n".join(f"{name} = {value}" for name, value in pairs) or text


def hex_rows(body: bytes) -> str:
    """Sixteen bytes a line: where, the bytes, and what of them is ASCII."""
    lines = []
    for at in range(0, len(body), HEX_ROW):
        part = body[at : at + HEX_ROW]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{at:04x}  {part.hex(' '):<47}  {shown}")
    return "\n".join(lines)
