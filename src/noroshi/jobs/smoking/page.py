"""A page as a person sees it: its text, its tables, its links and its forms."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

INLINE = frozenset({"span", "b", "strong", "em", "i", "code", "time", "a", "abbr", "small"})
HIDDEN = frozenset({"script", "style", "template", "svg"})
CHECKABLE = frozenset({"checkbox", "radio"})
BUTTONS = frozenset({"submit", "button", "image", "reset"})
SPACE = re.compile(r"\s+")


@dataclass
class Form:
    """One form with what it would send: name → values."""

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    words: dict[str, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


@dataclass
class Page:
    """One answer of the pages."""

    url: str
    status: int
    body: bytes
    headers: dict[str, str]
    text: str = ""
    tables: list[list[list[str]]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)

    def rows(self) -> list[list[str]]:
        """The rows of every table, heads left out."""
        return [row for table in self.tables for row in table[1:]]

    def shows(self, words: str) -> bool:
        """Whether the words stand on the page, however they are spaced."""
        return squeezed(words) in squeezed(self.text)

    def count(self, words: str) -> int:
        """How often the words stand on the page."""
        return squeezed(self.text).count(squeezed(words))


def squeezed(text: str) -> str:
    """Without any space."""
    return SPACE.sub("", text)


def read(url: str, status: int, body: bytes, headers: dict[str, str]) -> Page:
    """Read an answer; what is no HTML has no text, tables, links or forms."""
    page = Page(url, status, body, headers)
    if "html" in headers.get("content-type", ""):
        reader = _Reader(page)
        reader.feed(body.decode("utf-8"))
        reader.close()
        page.text = SPACE.sub(" ", "".join(reader.words))
    return page


class _Reader(HTMLParser):
    """Fills a page from its HTML."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.words: list[str] = []
        self._hidden = 0
        self._cell: list[str] | None = None
        self._link: tuple[str, list[str]] | None = None
        self._form: Form | None = None
        self._select = ""
        self._option: tuple[str, list[str]] | None = None
        self._textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag in HIDDEN:
            self._hidden += 1
        if tag not in INLINE:
            self.words.append(" ")
        start = getattr(self, f"_start_{tag}", None)
        if start is not None:
            start(known)

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN:
            self._hidden -= 1
        if tag not in INLINE:
            self.words.append(" ")
        end = getattr(self, f"_end_{tag}", None)
        if end is not None:
            end()

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        self.words.append(data)
        if self._cell is not None:
            self._cell.append(data)
        if self._link is not None:
            self._link[1].append(data)
        if self._option is not None:
            self._option[1].append(data)
        if self._textarea and self._form is not None:
            self._form.values[self._textarea][0] += data

    # Tables and links

    def _start_table(self, _known: dict[str, str]) -> None:
        self.page.tables.append([])

    def _start_tr(self, _known: dict[str, str]) -> None:
        if self.page.tables:
            self.page.tables[-1].append([])

    def _start_td(self, _known: dict[str, str]) -> None:
        self._cell = []

    _start_th = _start_td

    def _end_td(self) -> None:
        if self._cell is not None and self.page.tables and self.page.tables[-1]:
            words = SPACE.sub(" ", "".join(self._cell)).strip()
            self.page.tables[-1][-1].append(words)
        self._cell = None

    _end_th = _end_td

    def _start_a(self, known: dict[str, str]) -> None:
        self._link = (known.get("href", ""), [])

    def _end_a(self) -> None:
        if self._link is not None:
            href, words = self._link
            self.page.links.append((href, SPACE.sub(" ", "".join(words)).strip()))
        self._link = None

    # Forms

    def _start_form(self, known: dict[str, str]) -> None:
        self._form = Form(known.get("action", ""), known.get("method", "get").lower())
        self.page.forms.append(self._form)

    def _end_form(self) -> None:
        self._form = None

    def _start_input(self, known: dict[str, str]) -> None:
        name, kind = known.get("name", ""), known.get("type", "text")
        if self._form is None or not name or "disabled" in known:
            return
        self._form.names.add(name)
        if kind in CHECKABLE:
            value = known.get("value", "on")
            self._form.choices.setdefault(name, []).append(value)
            if "checked" in known:
                self._form.values.setdefault(name, []).append(value)
        elif kind not in BUTTONS:
            self._form.values.setdefault(name, []).append(known.get("value", ""))

    def _start_button(self, known: dict[str, str]) -> None:
        if self._form is not None and known.get("name"):
            name = known["name"]
            self._form.names.add(name)
            self._form.choices.setdefault(name, []).append(known.get("value", ""))

    def _start_textarea(self, known: dict[str, str]) -> None:
        if self._form is not None and known.get("name"):
            self._textarea = known["name"]
            self._form.names.add(self._textarea)
            self._form.values[self._textarea] = [""]

    def _end_textarea(self) -> None:
        self._textarea = ""

    def _start_select(self, known: dict[str, str]) -> None:
        self._select = known.get("name", "")
        if self._form is not None and self._select:
            self._form.names.add(self._select)
            self._form.choices.setdefault(self._select, [])
            self._form.words.setdefault(self._select, [])

    def _end_select(self) -> None:
        form, name = self._form, self._select
        if form is not None and name and name not in form.values and form.choices[name]:
            form.values[name] = [form.choices[name][0]]  # as a browser does
        self._select = ""

    def _start_option(self, known: dict[str, str]) -> None:
        if self._form is None or not self._select:
            return
        value = known.get("value", "")
        self._option = (value, [])
        self._form.choices[self._select].append(value)
        if "selected" in known:
            self._form.values.setdefault(self._select, []).append(value)

    def _end_option(self) -> None:
        if self._option is not None and self._form is not None and self._select:
            self._form.words[self._select].append("".join(self._option[1]).strip())
        self._option = None
