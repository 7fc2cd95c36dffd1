"""Gather every text people read from code and templates; keep the English catalogue complete.

`messages.py update` writes new texts into the catalogue, `messages.py check` fails when one is
missing or stale, `messages.py compile` makes the .mo file. Texts are written in Japanese.
"""

import io
import sys
from pathlib import Path

import django
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ROOT / "src" / "noroshi"
CATALOGUE = HOUSE / "locale" / "en" / "LC_MESSAGES" / "django.po"
KEYWORDS = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "_": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
# No dates and no line numbers, so that the file changes only where a text does.
HEAD = r"""# The English of Noroshi; `make messages` gathers new texts into this file.
msgid ""
msgstr ""
"Language: en\n"
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

"""


def main() -> None:
    """Do what the first word says."""
    settings.configure(USE_I18N=True)
    django.setup()
    word = sys.argv[1] if len(sys.argv) > 1 else "update"
    work = {"update": update, "check": check, "compile": compile_catalogue}.get(word)
    if work is None:
        raise SystemExit("messages.py update | check | compile")
    work()


def found() -> Catalog:
    """Every text of the house as a fresh catalogue."""
    catalogue = Catalog(locale="en", project="Noroshi", charset="utf-8", fuzzy=False)
    files = sorted([*HOUSE.rglob("*.py"), *HOUSE.rglob("*.html"), *HOUSE.rglob("*.txt")])
    for path in files:
        if "migrations" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            text = templatize(text, origin=str(path))
        source = io.BytesIO(text.encode())
        where = path.relative_to(ROOT).as_posix()
        for line, message, _notes, context in extract("python", source, keywords=KEYWORDS):
            if message:
                catalogue.add(message, locations=[(where, line)], context=context)
    return catalogue


def kept() -> Catalog:
    """The catalogue as it is."""
    if not CATALOGUE.exists():
        return Catalog(locale="en")
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="en")


def update() -> None:
    """Add new texts, drop those no longer said, keep all translations."""
    new, old = found(), kept()
    missing = 0
    for message in new:
        known = old.get(message.id, message.context) if message.id else None
        if known is not None:
            message.string = known.string
        missing += bool(message.id) and not is_full(message.string)
    with CATALOGUE.open("wb") as file:
        file.write(HEAD.encode())
        write_po(file, new, width=100, omit_header=True, sort_output=True, include_lineno=False)
    print(f"{len(new)} texts, {missing} without English")


def check() -> None:
    """Fail unless the catalogue has exactly the texts of the house, each in English."""
    new, old = found(), kept()
    old_keys = {(key_of(m.id), m.context) for m in old if m.id}
    new_keys = {(key_of(m.id), m.context) for m in new if m.id}
    empty = {(key_of(m.id), m.context) for m in old if m.id and not is_full(m.string)}
    unsaid = (new_keys - old_keys) | empty
    for key, _context in sorted(unsaid, key=str):
        print(f"no English for: {key}")
    for key, _context in sorted(old_keys - new_keys, key=str):
        print(f"no longer said: {key}")
    if unsaid or old_keys - new_keys:
        raise SystemExit("The English catalogue is not complete: run `make messages` and mend it.")
    print(f"{len(new_keys)} texts, all in English")


def compile_catalogue() -> None:
    """Write the .mo file beside the .po file."""
    with CATALOGUE.with_suffix(".mo").open("wb") as file:
        write_mo(file, kept())


def key_of(identity: object) -> str:
    """A message's singular text."""
    return str(identity[0] if isinstance(identity, (tuple, list)) else identity)


def is_full(translation: object) -> bool:
    """Whether a translation says something in every form."""
    if isinstance(translation, (tuple, list)):
        return all(translation)
    return bool(translation)


if __name__ == "__main__":
    main()
