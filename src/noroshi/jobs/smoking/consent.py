"""Somebody who gets the mail that asks whether alarms may come, and says yes."""

from noroshi.jobs.smoking.person import Person

LINK = "/wanted/"


def says_yes(base: str, name: str, body: str) -> bool:
    """Open the link in the mail's body and press yes; whether the page says that it is done."""
    link = next(line for line in body.splitlines() if LINK in line)
    somebody = Person(base, name)
    page = somebody.get(link)
    yes = {"answer": ["yes"]}
    done = somebody.submit(page, page.forms[0], page.forms[0].values | yes, status=200)
    return done.shows("確認しました")
