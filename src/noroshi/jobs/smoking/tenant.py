"""What a person of the tenant does and sees: devices, rules, recipients, charts, CSV, mails."""

import csv
import io
import json
import urllib.parse
from dataclasses import dataclass

from noroshi.jobs.smoking.page import Page
from noroshi.jobs.smoking.person import Person, form_with, link
from noroshi.jobs.smoking.report import CheckFailed

DASH = "—"
UPLINKS_SHOWN_MAX = 100


@dataclass(frozen=True, slots=True)
class Tenant:
    """Somebody who may bind the tenant, signed in; the password is asked for again at each act."""

    who: Person
    password: str

    def codes(self) -> dict[str, str]:
        """Each device's name and the code in its address, as the list of devices links them."""
        found = {}
        path: str | None = "/devices/"
        while path:
            page = self.who.get(path)
            for href, words in page.links:
                parts = urllib.parse.urlsplit(href).path.split("/")
                if parts[:2] == ["", "d"] and words:
                    found[words] = parts[2]
            path = next_of(page)
        return found

    def device(self, code: str) -> Page:
        """The page of a device."""
        return self.who.get(f"/d/{code}/")

    def points(self, code: str, key: str, name: str = "24h") -> list[float]:
        """The means that the chart of a quantity draws, in order of time; none without a series."""
        query = urllib.parse.urlencode({"key": key, "range": name})
        try:
            page = self.who.get(f"/d/{code}/chart.json?{query}")
        except CheckFailed:
            return []
        return [round(point[1], 6) for point in json.loads(page.body)["series"][0]["points"]]

    def table(self, code: str) -> list[dict[str, str]]:
        """The rows of a device's table, oldest first: name of the quantity with unit → words."""
        page = self.who.get(f"/d/{code}/table/")
        if not page.tables:
            return []
        head, *rows = page.tables[0]
        told = [dict(zip(head[1:], row[1:], strict=True)) for row in reversed(rows)]
        return [{name: words for name, words in row.items() if words != DASH} for row in told]

    def uplinks(self, code: str) -> list[list[str]]:
        """The rows of a device's uplinks, newest first, over all its pages."""
        rows: list[list[str]] = []
        path: str | None = f"/d/{code}/uplinks/"
        while path:
            page = self.who.get(path)
            rows += page.rows()
            path = next_of(page)
        return rows

    def csv(self, code: str, encoding: str, *, accepted: bool = False) -> bytes:
        """The CSV file of one device, as the form asks for it."""
        page = self.who.get(f"/export/?device={code}")
        form = form_with(page, {"since", "until", "encoding", "shape"})
        form.action = "/export/file.csv"  # the button of the form says so
        told = form.values | {"encoding": [encoding], "shape": ["wide"], "device": [code]}
        answer = self.who.submit(page, form, told, status=200)
        if "csv" in answer.headers.get("content-type", ""):
            return answer.body
        if not accepted:
            raise CheckFailed(f"no CSV but {answer.url}: {answer.text[:500]}")
        return self.who.get(link(answer, to="accepted=1")).body

    def add_recipient(self, name: str, address: str, language: str) -> None:
        """Somebody who shall get mails."""
        page = self.who.get("/recipients/new/")
        asked = self.who.send(page, {"name": name, "address": address, "language": language})
        if not asked.shows("契約者を拘束します"):
            raise CheckFailed(f"no act of intent is asked for: {asked.text[:500]}")
        told = self.who.send(asked, {"password": self.password})
        if not told.shows(address):
            raise CheckFailed(f"{address} is not on the list of recipients: {told.text[:500]}")

    def tell_singly(self) -> None:
        """Every alarm as a mail of its own, however many there are: they will be counted."""
        page = self.who.get("/policy/")
        self.who.send(page, {"singles_a_minute": "1000", "mails_an_hour": "10000"})

    def add_rule(self, code: str, key: str, limits: dict[str, str], told: list[str]) -> Page:
        """A rule with limits, telling the recipients with these names."""
        page = self.who.get(f"/rules/new/?device={code}&key={key}")
        people = self._people(told) if told else []
        return self.who.send(page, limits | {"recipients": people})

    def _people(self, names: list[str]) -> list[str]:
        page = self.who.get("/recipients/")
        return [link(page, to="/recipients/", words=name).split("/")[2] for name in names]

    def incidents(self, code: str = "") -> list[list[str]]:
        """The rows of the list of all incidents, newest first, over all its pages."""
        rows: list[list[str]] = []
        path: str | None = (
            f"/incidents/?state=all&device={code}" if code else "/incidents/?state=all"
        )
        while path:
            page = self.who.get(path)
            rows += page.rows()
            path = next_of(page)
        return rows

    def mails(self) -> list[list[str]]:
        """The rows of the mail log, newest first, over all its pages."""
        rows: list[list[str]] = []
        path: str | None = "/mails/"
        while path:
            page = self.who.get(path)
            rows += page.rows()
            path = next_of(page)
        return rows


def next_of(page: Page) -> str | None:
    """The address of the next page of a list, None on the last."""
    for href, words in page.links:
        if words in {"もっと前", "次へ"} or words.startswith("次"):
            return urllib.parse.urljoin(page.url, href)
    return None


def rows_of(body: bytes, encoding: str) -> list[list[str]]:
    """The rows of a CSV file."""
    return list(csv.reader(io.StringIO(body.decode(encoding), newline="")))
