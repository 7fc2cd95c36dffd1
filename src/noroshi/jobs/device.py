"""The program `noroshi device`: put a terminal into stock, assign, move, retire, show it."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone, translation

from noroshi.alarms import handing
from noroshi.devices import holdings
from noroshi.devices.facts import BadDevice, Facts, clean_address
from noroshi.devices.holdings import NewHolding, NewThing
from noroshi.devices.models import Device, DeviceType, Space, Thing
from noroshi.inbox.actions import run_waiting_of
from noroshi.tenants.access import JAPAN
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant

FACTS = ("pac", "model", "serial", "conformity", "battery")


def main(told: Sequence[str] | None = None) -> None:
    """Do one thing to one terminal; a refusal ends the program with one clear line."""
    asked = arguments().parse_args(told)
    try:
        with transaction.atomic(), translation.override("en"):
            asked.act(asked, timezone.now())
    except BadDevice as refusal:
        raise SystemExit(f"noroshi: {refusal}") from None


def arguments() -> argparse.ArgumentParser:
    """What may be asked for."""
    parser = argparse.ArgumentParser(prog="noroshi device", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="add|assign|move|retire|show")
    made = {
        name: verbs.add_parser(name, help=words)
        for name, words in (
            ("add", "put a terminal into stock: no contractor gets what it sends"),
            ("assign", "give a terminal in stock to a contractor"),
            ("move", "from its contractor to another, or back into stock, from now on"),
            ("retire", "take it out of service; what it sent stays"),
            ("show", "its facts, and who held it from when to when"),
        )
    }
    acts = {"add": add, "assign": assign, "move": move, "retire": retire, "show": show}
    for name, verb in made.items():
        verb.add_argument("network", choices=Space.values)
        verb.add_argument("address", help="DevEUI, Sigfox ID or the network's own")
        verb.set_defaults(act=acts[name])
    made["add"].add_argument("--type", required=True, help="the device type's name")
    for fact in FACTS:
        made["add"].add_argument(f"--{fact}", default="")
    made["add"].add_argument("--right-until", type=date.fromisoformat, metavar="YYYY-MM-DD")
    made["assign"].add_argument("tenant", help="the contractor's code")
    made["assign"].add_argument(
        "--since", type=instant, help="YYYY-MM-DDTHH:MM, Japan's time if no other; now if left out"
    )
    to = made["move"].add_mutually_exclusive_group(required=True)
    to.add_argument("tenant", nargs="?", help="the other contractor's code")
    to.add_argument("--to-stock", action="store_true")
    for verb in (made["assign"], made["move"]):
        verb.add_argument("--name", default="", help="what it is called there")
        verb.add_argument("--site", default="", help="the name of its place")
    return parser


def instant(text: str) -> datetime:
    """An instant; without a zone it is Japan's."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=JAPAN)


def add(asked: argparse.Namespace, now: datetime) -> None:
    """Into stock."""
    facts = Facts(**{name: getattr(asked, name) for name in FACTS})
    facts = replace(facts, right_until=asked.right_until)
    new = NewThing(type_named(asked.type), asked.network, asked.address, facts)
    thing = holdings.add(new, by=Actor(None, None), now=now)
    sys.stdout.write(f"{thing}: in stock\n")


def assign(asked: argparse.Namespace, now: datetime) -> None:
    """From stock to a contractor."""
    thing, new = thing_of(asked), holding_of(asked)
    device = holdings.assign(thing, new, by=Actor(None, new.tenant), now=now)
    waited = run_waiting_of(thing.space, thing.address)
    sys.stdout.write(f"{held(device)}; {waited} waiting entries run again\n")


def move(asked: argparse.Namespace, now: datetime) -> None:
    """To another contractor, or back into stock."""
    thing = thing_of(asked)
    device = held_now(thing)
    if asked.to_stock:
        handing.release(device, by=Actor(None, device.tenant), now=now)
        sys.stdout.write(f"{thing}: in stock; what it sent stays with {device.tenant.name}\n")
        return
    new = holding_of(asked, device)
    by = Actor(None, new.tenant)
    moved = handing.move(device, new, by=by, now=now)
    sys.stdout.write(f"{held(moved)}; what it sent before stays with {device.tenant.name}\n")


def retire(asked: argparse.Namespace, now: datetime) -> None:
    """Out of service."""
    thing = thing_of(asked)
    device = Device.objects.filter(thing=thing, retired_at=None).select_related("tenant").first()
    if device is None:
        holdings.retire_thing(thing, by=Actor(None, None), now=now)
    else:
        handing.retire(device, by=Actor(None, device.tenant), now=now)
    sys.stdout.write(f"{thing}: retired\n")


def show(asked: argparse.Namespace, _now: datetime) -> None:
    """Facts, and one line a holding, the newest first."""
    thing = thing_of(asked)
    sys.stdout.write(f"{thing} type={thing.type.name} model={thing.model} serial={thing.serial}\n")
    holders = thing.holdings.select_related("tenant").order_by("-pk")
    if thing.retired_at is not None:
        sys.stdout.write(f"retired {told(thing.retired_at)}\n")
    elif not holders.filter(retired_at=None).exists():
        sys.stdout.write("in stock\n")
    for device in holders:
        sys.stdout.write(held(device) + "\n")


def held(device: Device) -> str:
    """One holding: whose, by which name, from when to when."""
    since = told(device.held_from) if device.held_from else "the first uplink"
    until = told(device.retired_at) if device.retired_at else "now"
    tenant = f"{device.tenant.code} {device.tenant.name}"
    return f"{device.thing}: {tenant}, {device.name}, from {since} to {until}"


def told(at: datetime) -> str:
    """An instant as people in Japan read it."""
    return f"{at.astimezone(JAPAN):%Y-%m-%d %H:%M:%S} JST"


def holding_of(asked: argparse.Namespace, device: Device | None = None) -> NewHolding:
    """What the new holder's time begins with; the program ends when there is no such contractor."""
    tenant = Tenant.objects.filter(code=asked.tenant).first()
    if tenant is None:
        raise SystemExit(f"noroshi: no contractor has the code {asked.tenant}")
    thing = thing_of(asked)
    kind = device.type if device else thing.type
    since = None if device else asked.since
    name = asked.name or thing.address
    return NewHolding(tenant, name, kind, asked.site, since=since)


def thing_of(asked: argparse.Namespace) -> Thing:
    """The terminal; the program ends when the register does not know it."""
    address = clean_address(asked.network, asked.address)
    found = Thing.objects.filter(space=asked.network, address=address).select_related("type")
    thing = found.first()
    if thing is None:
        raise SystemExit(f"noroshi: the register knows no {asked.network} {address}")
    return thing


def held_now(thing: Thing) -> Device:
    """Its present holding; the program ends when nobody holds it."""
    found = Device.objects.filter(thing=thing, retired_at=None)
    device = found.select_related("tenant", "type", "thing").first()
    if device is None:
        raise SystemExit(f"noroshi: nobody holds {thing}; use `noroshi device assign`")
    return device


def type_named(name: str) -> DeviceType:
    """The device type; the program ends when there is none."""
    kind = DeviceType.objects.filter(name_ja=name).first()
    kind = kind or DeviceType.objects.filter(name_en=name).first()
    if kind is None:
        raise SystemExit(f"noroshi: no device type is called {name}")
    return kind


if __name__ == "__main__":
    main()
