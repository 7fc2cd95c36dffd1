"""The product as the browser tests find it: the demo's people and terminals, a day of values."""

import base64
import contextlib
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from noroshi.jobs.demo.notes import Notes, read_notes
from noroshi.jobs.postgres_files import any_port
from noroshi.jobs.smoking import network
from noroshi.jobs.smoking.network import Network
from noroshi.jobs.smoking.person import Person
from noroshi.jobs.smoking.post_office import PostOffice
from noroshi.jobs.smoking.product import Product
from noroshi.jobs.smoking.report import wait_for
from noroshi.jobs.smoking.tenant import Tenant

FRIDGE, WARM_FRIDGE = "A840411B2C3D0001", "A840411B2C3D0002"
PADDY, GREENHOUSE, STRANGER = "4D9A51", "70B3D57ED0050021", "A840411B2C3D00FF"
LETTER = """
import os, sys, django
from noroshi.base import environment, roles
os.environ["DJANGO_SETTINGS_MODULE"] = "noroshi.config.settings"
environment.borrow()
environment.act_as(roles.PIPELINE)
django.setup()
from django.utils import timezone
from noroshi.tenants import accounts
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import User
user = User.objects.get(login=sys.argv[1])
print(accounts.reissue(user, way="letter", by=Actor(None, None), now=timezone.now()).secret)
"""
STEP = timedelta(minutes=15)
STEPS = 40


@dataclass(frozen=True, slots=True)
class House:
    """The running product, its sign-ins, and the code of each device by name."""

    base: str
    notes: Notes
    chirpstack: Network
    mailbox: PostOffice
    product: Product
    codes: dict[str, str]

    def letter_to(self, login: str) -> str:
        """The initial password that a letter to this person would hold."""
        told = [sys.executable, "-c", LETTER, login]
        known = self.product.environment | {"NOROSHI_VAR": str(self.product.var)}
        done = subprocess.run(told, env=known, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def fridge(self, address: str, celsius: float, at: datetime | None = None) -> None:
        """One uplink of a cold store, heard now."""
        at = at or datetime.now(UTC)
        payload = struct.pack(">hBH", round(celsius * 100), 130, 3540)
        data = base64.b64encode(payload).decode()
        count = int(at.timestamp() * 10) % 1_000_000
        answer = self.chirpstack.post(network.chirpstack(address, at, count, data), "?event=up")
        assert answer.status == 200


@contextlib.contextmanager
def open_house() -> Iterator[House]:
    """Start it in a folder of its own, fill it, and stop it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="noroshi-browser-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user than this one
    mailbox = PostOffice(any_port())
    product = Product(folder, mailbox.port)
    product.environment["NOROSHI_DEMO"] = "1"
    mailbox.open()
    try:
        product.start()
        product.run("prepare-demo")
        notes = read_notes(product.var)
        assert notes is not None
        yield furnish(product, notes, mailbox)
    finally:
        product.end()
        mailbox.close()
        shutil.rmtree(folder, ignore_errors=True)


def furnish(product: Product, notes: Notes, mailbox: PostOffice) -> House:
    """Let some terminals of each network report, and one that nobody knows."""
    gate = f"http://127.0.0.1:{product.gate_port}/in/"
    lines = {kind: Network(gate + token) for kind, token in notes.tokens.items()}
    person = Person(product.base, notes.user)
    told = {"username": notes.user, "password": notes.user_password}
    person.send(person.get("/sign-in/"), told)
    tenant = Tenant(person, notes.user_password)
    codes = tenant.codes()
    house = House(product.base, notes, lines["chirpstack"], mailbox, product, codes)
    now = datetime.now(UTC)
    for number in range(STEPS):
        at = now - STEP * (STEPS - number) - timedelta(seconds=20)
        house.fridge(FRIDGE, 4 + (number * 7 % 23) / 10, at)
        house.fridge(WARM_FRIDGE, 6 + (number * 5 % 19) / 10, at)
        level = struct.pack(">HhH", 120 + number, 185, 3580).hex()
        lines["sigfox"].post(network.sigfox(PADDY, at, 100 + number, level), "/uplink")
    for celsius in (12.0, 4.5):  # the demo's rule opens an incident and closes it: two mails
        house.fridge(FRIDGE, celsius)
    house.fridge(STRANGER, 5.0)
    lines["sigfox"].post(b"not readable")
    wait_for(lambda: len(tenant.points(codes["第2冷蔵庫"], "temperature")), STEPS, seconds=30)
    return house
