"""A person at a browser without JavaScript: follows links, fills in forms, keeps cookies."""

import http.cookiejar
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence

from noroshi.jobs.smoking import page as pages
from noroshi.jobs.smoking.page import Form, Page
from noroshi.jobs.smoking.report import CheckFailed, short

ANSWER_S_MAX = 20.0

Typed = str | Sequence[str]


class Person:
    """Somebody who uses the pages at `base`, say http://127.0.0.1:8000."""

    def __init__(self, base: str, name: str) -> None:
        self.base, self.name = base, name
        jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        self._opener.addheaders = [("Accept-Language", "ja")]

    def get(self, path: str, *, status: int = 200) -> Page:
        """Open an address; redirects are followed. Raises CheckFailed for another status."""
        request = urllib.request.Request(urllib.parse.urljoin(self.base, path))  # noqa: S310
        return self._open(request, status)

    def send(self, page: Page, values: Mapping[str, Typed], *, status: int = 200) -> Page:
        """Fill in the form of the page that has all these fields, and send it.

        Raises CheckFailed when there is no such form or field, or for another status.
        """
        form = form_with(page, set(values))
        told = {name: list(given) for name, given in form.values.items()}
        for name, value in values.items():
            told[name] = [value] if isinstance(value, str) else list(value)
        return self.submit(page, form, told, status=status)

    def press(self, page: Page, action: str, *, status: int = 200) -> Page:
        """Press the button of the form whose address contains `action`."""
        for form in page.forms:
            if action in form.action:
                return self.submit(page, form, form.values, status=status)
        raise CheckFailed(f"{self.name} finds no form {action!r} on {page.url}")

    def submit(
        self, page: Page, form: Form, values: Mapping[str, Sequence[str]], *, status: int
    ) -> Page:
        """Send a form with exactly these values."""
        url = urllib.parse.urljoin(page.url, form.action or page.url)
        body = urllib.parse.urlencode([(n, one) for n, many in values.items() for one in many])
        if form.method == "get":
            parts = urllib.parse.urlsplit(url)._replace(query=body)
            return self.get(parts.geturl(), status=status)
        headers = {"Origin": self.base, "Referer": page.url}
        request = urllib.request.Request(url, body.encode(), headers)  # noqa: S310 - our own
        return self._open(request, status)

    def _open(self, request: urllib.request.Request, status: int) -> Page:
        try:
            with self._opener.open(request, timeout=ANSWER_S_MAX) as answer:
                found = _read(answer)
        except urllib.error.HTTPError as error:
            with error:
                found = _read(error)
        if found.status != status:
            raise CheckFailed(
                f"{self.name} opens {request.full_url}\n"
                f"  expected: status {status}\n  seen:     {found.status} {short(found.text)}"
            )
        return found


def form_with(page: Page, names: set[str]) -> Form:
    """The first form of the page that has all these fields."""
    for form in page.forms:
        if names <= form.names:
            return form
    there = [sorted(form.names) for form in page.forms]
    raise CheckFailed(
        f"a form on {page.url}\n  expected: one with {sorted(names)}\n  seen:     {there}"
    )


def choice(page: Page, field: str, words: str) -> str:
    """The value of the option of a select that shows these words."""
    form = form_with(page, {field})
    for value, shown in zip(form.choices[field], form.words.get(field, []), strict=False):
        if words in shown:
            return value
    raise CheckFailed(f"{page.url}: {field} offers {form.words.get(field)}, not {words!r}")


def link(page: Page, *, to: str = "", words: str = "") -> str:
    """The address of the first link that leads to `to` or shows these words."""
    for href, shown in page.links:
        if to in href and words in shown:
            return href
    raise CheckFailed(f"{page.url} has no link to {to!r} called {words!r}")


def _read(answer: "urllib.request._UrlopenRet") -> Page:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return pages.read(answer.geturl(), answer.status, answer.read(), headers)
