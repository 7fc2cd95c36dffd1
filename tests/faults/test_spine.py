"""The spine dies between any two of its statements: nothing is lost, nothing happens twice."""

import base64
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from noroshi import pipeline
from noroshi.alarms.models import Incident, Notice, Policy, Recipient, Rule, RuleState
from noroshi.base.failpoints import SPINE
from noroshi.codecs.actions import NewVersion, make_codec
from noroshi.codecs.sandbox import Sandbox
from noroshi.devices.actions import NewDevice, register
from noroshi.devices.models import Device, DeviceType, Heartbeat, Quantity
from noroshi.inbox import actions, journal
from noroshi.inbox.models import Connection, ExceptionalEntry
from noroshi.outbox.models import Message
from noroshi.readings import store
from noroshi.readings.models import Latest, LooseReading, Reading, StoredUplink
from noroshi.tenants.audit import Actor
from tests.contracted import make_tenant
from tests.faults.conftest import killed_at
from tests.spine.journal import Posted, sample, take_in

NOW = datetime(2026, 11, 22, 1, 14, tzinfo=UTC)
NOBODY = Actor(None, None)
EUI, STRANGER = "0101010101010101", "00000000000000AB"
BEFORE = (4.0, 31.0)  # over 30 is an alarm; with a margin of 1, below 29 it is over
BATCH = (32.0, 20.0, 5.0, 33.0, 6.0, 34.0)  # closes the open one, opens and closes one, opens one
GRAMMAR = "temperature::int:16:big-endian"


def a_house() -> Connection:
    """A thermometer with a limit, two recipients, and one incident that is open already."""
    store.forget_series()
    tenant = make_tenant(name="みどりの里", created_at=NOW)
    # Each alarm as a mail of its own: they are counted.
    Policy.objects.create(tenant=tenant, singles_a_minute=1000, has_links=False)
    codec = make_codec("温度計", "sigfox_grammar", NewVersion(GRAMMAR), by=NOBODY, now=NOW)
    kind = DeviceType.objects.create(name_ja="温度計", codec=codec, interval_s=600)
    Quantity.objects.create(type=kind, key="temperature", name_ja="温度", unit="℃")
    made, _token = actions.make_connection(
        actions.NewConnection("ChirpStack", "chirpstack"), by=NOBODY, now=NOW
    )
    new = NewDevice(tenant, "冷蔵庫A", kind, "lorawan", EUI)
    device = register(new, by=NOBODY, now=NOW - timedelta(hours=1))
    rule = Rule.objects.create(
        tenant=tenant, device=device, key="temperature", upper=30.0, margin=1.0, created_at=NOW
    )
    for name in ("a", "b"):
        one = Recipient.objects.create(
            tenant=tenant, name=name, address=f"{name}@example.jp", created_at=NOW
        )
        rule.recipients.add(one)
    for number, celsius in enumerate(BEFORE):
        send(made, up(celsius, number))
    send(made, Posted(b"garbage", event="up"))
    run()
    ExceptionalEntry.objects.update(state="again")
    return made


def up(celsius: float, number: int, *, eui: str = EUI) -> Posted:
    """A ChirpStack uplink, a minute after the one before it."""
    body = json.loads(sample("chirpstack4_up_docs.json"))
    body["data"] = base64.b64encode(round(celsius).to_bytes(2, "big")).decode()
    body["time"] = (NOW + timedelta(minutes=number - 60)).isoformat()
    body["fCnt"] = number
    body["deviceInfo"]["devEui"] = eui
    body["deduplicationId"] = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{eui} {number}"))
    return Posted(json.dumps(body).encode(), event="up")


def send(source: Connection, posted: Posted) -> None:
    take_in(source, posted, now=NOW)


def run() -> None:
    """Everything that waits."""
    with Sandbox() as sandbox:
        while pipeline.process_waiting(sandbox, now=NOW, slices_max=16):
            pass


def seen() -> dict[str, object]:
    """All that the spine writes, but for the database's own numbers."""
    return {
        "uplinks": list(StoredUplink.objects.order_by("sent_at").values_list("sent_at", "data")),
        "readings": list(Reading.objects.order_by("at").values_list("at", "value")),
        "loose": LooseReading.objects.count(),
        "latest": list(Latest.objects.order_by("at").values_list("at", "value")),
        "heard": list(Heartbeat.objects.values_list("sent_at", "counter")),
        "states": list(RuleState.objects.values_list("phase", "side", "judged_at")),
        "incidents": list(
            Incident.objects.order_by("opened_at").values_list(
                "opened_at", "opened_value", "worst_value", "closed_at", "closed_value"
            )
        ),
        "notices": sorted(Notice.objects.values_list("name", "event", "state", "reason")),
        "mails": sorted(
            Message.objects.values_list("address", "kind", "subject", "body").iterator()
        ),
        "troubles": sorted(ExceptionalEntry.objects.values_list("kind", "state", "attempts")),
        "waiting": journal.waiting().count,
    }


def a_batch(source: Connection) -> None:
    """What the gate takes while no worker runs."""
    for number, celsius in enumerate(BATCH, start=len(BEFORE)):
        send(source, up(celsius, number))
    send(source, up(1.0, 1, eui=STRANGER))
    send(source, up(BATCH[0], len(BEFORE)))  # the network calls twice
    location = json.loads(sample("chirpstack4_location_docs.json"))
    location["time"] = (NOW - timedelta(minutes=1)).isoformat()
    send(source, Posted(json.dumps(location).encode(), event="location"))


@pytest.mark.parametrize("name", SPINE)
def test_a_worker_that_dies_here_leaves_what_one_that_lived_would_have(
    transactional_db: None, name: str
) -> None:
    source = a_house()
    a_batch(source)
    before = seen()
    killed_at(name, run)
    if name != "spine.committed":
        assert seen() == before  # all or nothing
    run()
    check()
    run()
    check()


def check() -> None:
    """What every run must come to."""
    now = seen()
    values = [*BEFORE, *BATCH]
    assert [value for _, value in now["readings"]] == values  # type: ignore[attr-defined]
    assert len(now["uplinks"]) == len(values) + 1  # type: ignore[arg-type]
    incidents = [(row[1], row[4]) for row in now["incidents"]]  # type: ignore[attr-defined]
    assert incidents == [(31.0, 20.0), (33.0, 6.0), (34.0, None)]
    assert len(now["mails"]) == 5 * 2  # type: ignore[arg-type]
    troubles = [(kind, state) for kind, state, _ in now["troubles"]]  # type: ignore[attr-defined]
    assert troubles == [("refused", "open"), ("unknown", "open")]
    assert (now["waiting"], now["loose"]) == (0, 1)
    assert Device.objects.count() == 1


def test_a_bug_at_any_step_costs_no_other_entry_its_readings(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = a_house()
    a_batch(source)
    monkeypatch.setattr("noroshi.base.failpoints.at", raising_once("spine.latest_kept"))
    run()
    check()


def raising_once(name: str) -> Callable[[str], None]:
    """The first time only."""
    left = [name]

    def at(passed: str) -> None:
        if passed in left:
            left.remove(passed)
            raise RuntimeError(passed)

    return at
