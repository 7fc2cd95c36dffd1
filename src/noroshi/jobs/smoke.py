"""The program `noroshi smoke`: the whole product, started and used as people do, from outside.

Ends with 0 when every check held, with 1 at the first that did not.
"""

import re
import shutil
import signal
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

from noroshi.jobs.postgres_files import any_port
from noroshi.jobs.smoking import cast, codes, storm, story
from noroshi.jobs.smoking.consent import says_yes
from noroshi.jobs.smoking.network import Network
from noroshi.jobs.smoking.office import Office
from noroshi.jobs.smoking.person import Person
from noroshi.jobs.smoking.post_office import PostOffice
from noroshi.jobs.smoking.product import PROGRAMS, Product
from noroshi.jobs.smoking.report import CheckFailed, Report, say
from noroshi.jobs.smoking.story import World
from noroshi.jobs.smoking.tenant import Tenant

ADMIN, USER = "admin", "aki"
WEAK, OWN = "password1234567", "mizu-to-hikari-no-uta"
OWN_OFFICE = "asa-no-kiri-to-tombo"
RULE = re.compile(r"/rules/(?!new)[A-Za-z0-9]+/")


def main() -> int:
    """Run all of it in a folder that is removed when all is well."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # it, too, must stop the product
    folder = Path(tempfile.mkdtemp(prefix="noroshi-smoke-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user than this one
    report = Report()
    mailbox = PostOffice(any_port())
    product = Product(folder, mailbox.port)
    mailbox.open()
    is_good = False
    try:
        run(report, product, mailbox)
        is_good = True
    except CheckFailed as failure:
        say(f"NOT OK {failure}\n  logs: {product.logs}")
    except KeyboardInterrupt:
        say(f"NOT OK stopped before the end\n  logs: {product.logs}")
    finally:
        product.end()
        mailbox.close()
    if is_good:
        shutil.rmtree(folder, ignore_errors=True)
    took_s = time.monotonic() - report.began
    words = f"{report.count} checks passed in {took_s:.0f} s"
    say(f"smoke: {words}" if is_good else f"smoke: 1 check failed after {words}")
    return 0 if is_good else 1


def run(report: Report, product: Product, mailbox: PostOffice) -> None:
    """From the first start to the last Ctrl-C; raises CheckFailed at the first wrong thing."""
    product.start()
    report.passed(f"noroshi up answers after {time.monotonic() - report.began:.1f} s")
    report.becomes("all its programs run", lambda: sorted(product.pids()), sorted(PROGRAMS))
    office = open_office(report, product)
    world = World(report, office, move_in(report, product, office), mailbox)
    furnish(world)
    story.tell(world, f"http://127.0.0.1:{product.gate_port}")
    storm.rage(world, product)
    pids = product.pids()
    report.same("Ctrl-C: it ends with code 0", product.stop(), 0)
    left = [name for name, pid in pids.items() if Path(f"/proc/{pid}").exists()]
    report.same("nothing of it is left running", left, [])


def open_office(report: Report, product: Product) -> Office:
    """The first account of the office signs in."""
    password = product.add_staff(ADMIN)
    admin = Person(product.base, ADMIN)
    page = admin.send(admin.get("/sign-in/"), {"username": ADMIN, "password": password + "x"})
    refused = page.shows("利用者IDかパスワードが違います")
    report.holds("a wrong password is refused", is_good=refused, seen=page.text)
    page = admin.send(page, {"username": ADMIN, "password": password})
    admin.get("/office/", status=403)
    report.passed("with the initial password only its change opens")
    page = admin.send(page, {"new1": OWN_OFFICE, "new2": OWN_OFFICE})
    is_led = "/factors/" in page.url
    report.holds("staff must set up a second factor", is_good=is_led, seen=page.url)
    page = codes.set_up_app(admin)
    report.holds("the office opens", is_good="/office/" in page.url, seen=page.url)
    return Office(admin)


def move_in(report: Report, product: Product, office: Office) -> Tenant:
    """A tenant and a person who acts for it, signed in."""
    office.make_tenant(cast.TENANT)
    begin = office.make_member(cast.TENANT, USER, "けむり あき")
    aki = Person(product.base, USER)
    opened = urllib.parse.urlsplit(begin).path
    page = aki.press(aki.get(opened), "")
    weak = aki.send(page, {"new1": WEAK, "new2": WEAK})
    refused = weak.shows("よく使われる")
    report.holds("a common password is refused", is_good=refused, seen=weak.text)
    page = aki.send(weak, {"new1": OWN, "new2": OWN})
    aki.get(opened, status=410)
    report.passed("the link opens only once")
    page = aki.send(page, {"username": USER, "password": OWN})
    report.holds("the tenant's user signs in", is_good=page.shows(cast.TENANT), seen=page.text)
    stranger = Person(product.base, "nobody").get("/devices/")
    report.holds(
        "who is not signed in must", is_good="/sign-in/" in stranger.url, seen=stranger.url
    )
    aki.get("/office/", status=404)
    report.passed("the office is closed to the tenant")
    return Tenant(aki, OWN)


def furnish(world: World) -> None:
    """Codecs, types, connections, terminals; recipients and rules."""
    report, office, tenant = world.report, world.office, world.tenant
    for kind in cast.KINDS.values():
        office.make_kind(kind)
    report.passed(f"{len(cast.KINDS)} device types with their decoders")
    lines = {line.name: line for line in cast.LINES}
    for one in cast.SAMPLES:
        lines.setdefault(one.line, cast.Line(one.line, "json", one.settings))
    for line in lines.values():
        headers = {cast.FACTOR_HEADER: line.secret} if line.secret else {}
        world.lines[line.name] = Network(office.make_connection(line), headers)
    report.passed(f"{len(lines)} connections, each with an address shown once")
    terminals = [*cast.TERMINALS, *(one.terminal for one in cast.SAMPLES)]
    for terminal in terminals:
        office.register(terminal, cast.TENANT)
    world.codes = tenant.codes()
    names = sorted(terminal.name for terminal in terminals)
    report.same(f"{len(names)} terminals are on the tenant's list", sorted(world.codes), names)
    for name, address, language in cast.PEOPLE:
        tenant.add_recipient(name, address, language)
    tenant.tell_singly()
    report.passed("recipients, one reads Japanese, one English")
    say_yes(world)
    both = [name for name, _, _ in cast.PEOPLE]
    upper = {"upper": "10", "margin": "1", "hold_min": "0"}
    tenant.add_rule(world.codes[cast.FRIDGE], "temperature", upper, both)
    lower = {"lower": "2", "margin": "0.5", "hold_min": "0"}
    tenant.add_rule(world.codes[cast.FIELD], "level", lower, both[:1])
    for name in cast.STORM:
        tenant.add_rule(world.codes[name], "temperature", upper, both[:1])
    listed = [href for href, _words in tenant.who.get("/rules/").links if RULE.fullmatch(href)]
    report.same("the tenant's list has each rule once", len(listed), 2 + len(cast.STORM))


def say_yes(world: World) -> None:
    """Each recipient is asked by one mail, and says yes on the page behind its link."""
    addresses = sorted(address for _, address, _ in cast.PEOPLE)
    world.report.becomes(
        "each recipient is asked once",
        lambda: sorted(mail.to for mail in world.mailbox.mails),
        addresses,
    )
    for mail in world.mailbox.mails:
        is_good = says_yes(world.tenant.who.base, mail.to, mail.body)
        world.report.holds(f"{mail.to} says yes", is_good=is_good, seen=mail.body)
    world.mailbox.forget()


if __name__ == "__main__":
    sys.exit(main())
