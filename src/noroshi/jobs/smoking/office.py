"""What a person of the provider's office does: tenants, decoders, types, connections, terminals."""

import json
import re

from noroshi.jobs.smoking.cast import FACTOR_HEADER, KINDS, Kind, Line, Terminal
from noroshi.jobs.smoking.page import Page
from noroshi.jobs.smoking.person import Person, choice, form_with, link
from noroshi.jobs.smoking.report import CheckFailed

ADDRESS = re.compile(r"https?://[^\s\"'<>]+/in/[A-Za-z0-9_-]{20,}")
LINK = re.compile(r"https?://[^\s\"'<>]+/begin/[A-Za-z0-9_-]{43}/")


class Office:
    """Somebody of the office, signed in."""

    def __init__(self, who: Person) -> None:
        self.who = who

    def make_tenant(self, name: str) -> None:
        """A new tenant."""
        page = self.who.get("/office/tenants/new/")
        self.who.send(page, {"name": name})

    def make_member(self, tenant: str, login: str, name: str) -> str:
        """A user of the tenant who may bind it; returns the link that opens once."""
        page = self.who.get(link(self.who.get("/office/tenants/"), to="/tenants/", words=tenant))
        page = self.who.get(link(page, to="/members/new/"))
        told = {"login": login, "name": name, "role": "admin", "has_authority": "on"}
        return shown_once(self.who.send(page, told | {"way": "link"}), LINK)

    def make_kind(self, kind: Kind) -> None:
        """A decoder and the device type that uses it."""
        page = self.who.get("/office/codecs/new/")
        told = {"name": kind.name, "kind": kind.codec, "source": kind.source}
        self.who.send(page, told)
        page = self.who.get("/office/types/new/")
        head = {"name_ja": kind.name, "codec": choice(page, "codec", kind.name)}
        rest = list(enumerate(kind.quantities))
        while rest:
            # As many as the form has empty rows for; the next ones after saving.
            values = dict(head)
            ready = form_with(page, set(head)).names
            while rest and f"q-{rest[0][0]}-key" in ready:
                number, quantity = rest.pop(0)
                values |= {
                    f"q-{number}-key": quantity.key,
                    f"q-{number}-name_ja": quantity.name,
                    f"q-{number}-unit": quantity.unit,
                    f"q-{number}-decimals": str(quantity.decimals),
                    f"q-{number}-kind": quantity.kind,
                    f"q-{number}-position": str(number),
                }
            page = self.who.send(page, values)
            must_be_saved(page)

    def make_connection(self, line: Line) -> str:
        """A connection; returns its address, which is shown once."""
        page = self.who.get("/office/connections/new/")
        values = {"name": line.name, "kind": line.kind}
        if line.settings:
            values["settings"] = json.dumps(line.settings)
        if line.secret:
            values |= {"factor": "header", "header_name": FACTOR_HEADER, "secret": line.secret}
        page = self.who.send(page, values)
        return shown_once(page, ADDRESS)

    def register(self, terminal: Terminal, tenant: str) -> None:
        """A terminal in the register."""
        page = self.who.get("/office/devices/new/")
        values = {
            "space": terminal.space,
            "address": terminal.address,
            "tenant": choice(page, "tenant", tenant),
            "type": choice(page, "type", KINDS[terminal.kind].name),
            "name": terminal.name,
        }
        must_be_saved(self.who.send(page, values))

    def exceptions(self, tab: str) -> list[list[str]]:
        """The rows of a tab of the inbox: time, connection, terminal, reason."""
        return self.who.get(f"/office/inbox/?tab={tab}").rows()

    def waiting(self, address: str) -> list[str]:
        """The terminal of each entry that waits for this one to be registered."""
        return [row[2] for row in self.exceptions("unknown") if row[2] == address]

    def open_first(self, tab: str) -> Page:
        """The page of the newest entry of a tab."""
        page = self.who.get(f"/office/inbox/?tab={tab}")
        return self.who.get(link(page, to="/office/inbox/", words=":"))

    def run_again(self, tab: str) -> None:
        """Press "again" at the newest entry of a tab."""
        page = self.who.get(f"/office/inbox/?tab={tab}")
        self.who.press(page, "/again/")

    def mend_codec(self, name: str, source: str) -> None:
        """Put a new version of a decoder in force."""
        page = self.who.get(link(self.who.get("/office/codecs/"), to="/codecs/", words=name))
        must_be_saved(self.who.send(page, {"source": source, "note": "smoke"}))


def must_be_saved(page: Page) -> None:
    """A form that comes back with errors was not saved."""
    if page.shows("保存していません") or 'role="alert"' in page.body.decode():
        raise CheckFailed(f"{page.url} was not saved: {page.text[:800]}")


def shown_once(page: Page, what: re.Pattern[str]) -> str:
    """The secret on the page."""
    found = what.search(page.body.decode("utf-8"))
    if found is None:
        raise CheckFailed(f"nothing secret is shown on {page.url}: {page.text[:800]}")
    return found.group()
