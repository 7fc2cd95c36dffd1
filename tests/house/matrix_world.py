"""The world of the matrix: three contractors with one row of every kind, and everybody's roles."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils import timezone
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from noroshi.alarms.models import Duty, Group, Incident, Recipient, Rule, SharedRule
from noroshi.base.wire import micros
from noroshi.codecs.models import Codec, CodecVersion
from noroshi.contracts.models import Contract
from noroshi.devices.models import Device, DeviceType, Downlink, Heartbeat, Quantity, Site
from noroshi.inbox.models import Broker, Connection, Entry, ExceptionalEntry
from noroshi.outbox.models import Delivery, Incoming, Message
from noroshi.readings import store
from noroshi.readings.models import StoredUplink
from noroshi.readings.store import Point
from noroshi.tenants.models import (
    Agent,
    Approval,
    AuditEntry,
    Enrolment,
    Intent,
    IntentDraft,
    KnownDevice,
    Membership,
    Paper,
    Party,
    SignIn,
    StaffRole,
    Subcontractor,
    Tenant,
    User,
    Violation,
    Visit,
    VisitView,
)
from tests.contracted import make_tenant
from tests.factors import give_app
from tests.retention.cast import planned
from tests.things import thing

HOUSES = ("ours", "theirs", "frozen")
PASSWORD = "beacon fire on the hill"
DAY = timedelta(days=1)
FLAGS = 0x45  # somebody was there, and proved it; a key is told


@dataclass(frozen=True, slots=True)
class House:
    """One contractor: what its addresses name, by kind, e.g. objects["device"] is its code."""

    name: str
    tenant: Tenant
    people: Mapping[str, User]
    objects: dict[str, object]


@dataclass(frozen=True, slots=True)
class World:
    """All contractors, the provider's people, the visitors and what belongs to nobody.

    `marks(house)` stand in every text of that contractor's rows: `register` in what the office
    may see too (names of people, devices, sites), `data` in what is the contractor's alone.
    """

    houses: Mapping[str, House]
    people: Mapping[str, User]
    objects: Mapping[str, object] = field(default_factory=dict)


def register_mark(house: str) -> str:
    """Stands in the rows of this contractor that the provider needs to serve at all."""
    return f"{house}-rgstr"


def data_mark(house: str) -> str:
    """Stands in the rows that are this contractor's alone."""
    return f"{house}-secrt"


def build() -> World:
    """Make everything; the caller holds the transaction and takes it back."""
    now = timezone.now().replace(microsecond=0)
    store.forget_series()
    kind = _thermometer(now)
    staff = {f"staff-{role}": _staff(f"staff-{role}", role) for role in StaffRole.values}
    staff["staff-visiting"] = _staff("staff-visiting", StaffRole.ON_DUTY)
    staff["staff-bare"] = _staff("staff-bare", StaffRole.ADMIN, factor=False)
    helper = _subcontractor(now)
    houses = {name: _house(name, number, kind, now) for number, name in enumerate(HOUSES)}
    houses["frozen"].tenant.frozen_at = now - DAY
    houses["frozen"].tenant.save(update_fields=["frozen_at"])
    worker = User.objects.create_user(
        "helper", PASSWORD, name="下請 花子", kind=User.Kind.SUBCONTRACTOR, subcontractor=helper
    )
    _factor(worker)
    ours = houses["ours"]
    visits = {
        "staff-visiting": _visit(ours, staff["staff-visiting"], Visit.Kind.STAFF, now),
        "subcontractor": _visit(ours, worker, Visit.Kind.SUBCONTRACTOR, now),
        "auditor": Visit.objects.get(code=ours.objects["visit"]),
        "stranger": Visit.objects.get(code=houses["theirs"].objects["visit"]),
    }
    objects: dict[str, object] = {
        "type": kind.pk,
        "codec": kind.codec_id,
        "subcontractor": helper.party.code,
        "helper": worker.pk,
        "staff": staff["staff-billing"].pk,
        "nothing": "nothing",
        "agent": _agent(houses, now),
        "approval": Approval.objects.create(
            act="unfreeze",
            subject="青果",
            text="解除します。",
            reason="確かめた",
            at=now,
            expires_at=now + DAY,
            asked_by=staff["staff-admin"],
            payload={
                "tenant": houses["frozen"].tenant.code,
                "since": (now - DAY).isoformat(),
                "reason": "確かめた",
            },
        ).code,
        "paper": Paper.objects.values_list("code", flat=True)[0],
    }
    for house in houses.values():
        guest = staff["staff-billing"]  # who opens no page that a visit opens
        house.objects["access"] = _visit(house, guest, Visit.Kind.STAFF, now).code
    ours.objects["access"] = visits["staff-visiting"].code
    people = {**staff, "subcontractor": worker}
    objects |= {f"my_visit:{name}": visit.code for name, visit in visits.items()}
    objects |= _passkeys(houses, people)
    return World(houses, people, objects)


def _passkeys(houses: Mapping[str, House], people: Mapping[str, User]) -> dict[str, object]:
    """Everybody has one but who has none; told by the name of the role."""
    owners = {**houses["ours"].people, **people}
    owners |= {"stranger": houses["theirs"].people["authority"]}
    owners |= {"frozen": houses["frozen"].people["authority"]}
    owners |= dict.fromkeys(("anonymous", "staff-bare", "initial"), owners["staff-billing"])
    kind = Authenticator.Type.WEBAUTHN
    return {
        f"my_passkey:{name}": Authenticator.objects.create(user=user, type=kind, data=passkey()).pk
        for name, user in owners.items()
    }


def passkey() -> dict[str, object]:
    """A passkey as the library keeps it: a key of its own, attested by nobody."""
    public = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    raw = secrets.token_bytes(16)
    held = AttestedCredentialData.create(b"\0" * 16, raw, public)
    told = AuthenticatorData.create(hashlib.sha256(b"localhost").digest(), FLAGS, 0, held)
    client = {"type": "webauthn.create", "challenge": "eA", "origin": "http://localhost"}
    response = {
        "clientDataJSON": websafe_encode(json.dumps(client).encode()),
        "attestationObject": websafe_encode(bytes(AttestationObject.create("none", told, {}))),
    }
    ident = websafe_encode(raw)
    credential = {"id": ident, "rawId": ident, "type": "public-key", "response": response}
    return {"name": "鍵", "credential": credential}


def _thermometer(now: datetime) -> DeviceType:
    codec = Codec.objects.create(name="冷蔵庫", kind="javascript")
    CodecVersion.objects.create(codec=codec, number=1, source="", created_at=now)
    kind = DeviceType.objects.create(name_ja="温度計", codec=codec, interval_s=600)
    Quantity.objects.create(type=kind, key="temperature", name_ja="温度", unit="℃")
    Quantity.objects.create(type=kind, key="note", name_ja="メモ", kind="text", position=1)
    return kind


def _staff(login: str, role: str, *, factor: bool = True) -> User:
    made = User.objects.create_staff(login, PASSWORD, role, name=f"事務局 {role}")
    if factor:
        _factor(made)
    return made


def _factor(user: User) -> None:
    give_app(user)


def _subcontractor(now: datetime) -> Subcontractor:
    body = b"%PDF-1.7 agreed"
    paper = Paper.objects.create(
        name="a.pdf", content_type="application/pdf", sha256=hashlib.sha256(body).hexdigest(),
        body=body, kept_at=now,
    )  # fmt: skip
    party = Party.objects.create(kind="company", standing="partner", name="保守の会社", made_at=now)
    return Subcontractor.objects.create(
        party=party, works=["maintenance"], since=now.date(), secrecy_agreed_on=now.date(),
        secrecy_paper=paper, privacy_agreed_on=now.date(), privacy_paper=paper,
    )  # fmt: skip


def _agent(houses: Mapping[str, House], now: datetime) -> str:
    """An agent that brought each contractor; the code of its party."""
    party = Party.objects.create(kind="company", standing="partner", name="販売の会社", made_at=now)
    agent = Agent.objects.create(party=party, since=now.date())
    Tenant.objects.filter(pk__in=[house.tenant.pk for house in houses.values()]).update(agent=agent)
    return party.code


def _violation(house: House, now: datetime) -> str:
    """A confirmed breach by the viewer."""
    line = Enrolment.objects.get(membership__user=house.people["viewer"])
    by = User.objects.get(login="staff-admin")
    return Violation.objects.create(
        tenant=house.tenant, enrolment=line, person_name=line.name,
        what=f"{register_mark(house.name)} 転載", clause="第10条", found_on=now.date(),
        evidence="写し", state="confirmed", recorded_by=by, at=now, decided_by=by, decided_at=now,
    ).code  # fmt: skip


def _house(name: str, number: int, kind: DeviceType, now: datetime) -> House:
    seen = register_mark(name)
    party = Party.objects.create(
        kind="company", standing="contractor", name=f"{seen} 社", address=seen, made_at=now
    )
    tenant = make_tenant(name=f"{seen} 青果", party=party, created_at=now)
    people = _people(name, tenant, now)
    device = _device(name, number, tenant, kind, now)
    objects: dict[str, object] = {"tenant": tenant.code, "party": party.code, "device": device.code}
    objects["thing"] = device.thing.code
    contract = Contract.objects.get(tenant=tenant)
    objects |= {"contract": contract.code, "snapshot": contract.snapshots.get().code}
    objects |= _heard(name, number, device, now) | _watched(name, device, now)
    objects |= planned(tenant, device, register_mark(name), now)
    objects |= _came_in(name, number, tenant, now) | _signed(name, tenant, people, now)
    auditor = User.objects.create_user(
        f"{name}-auditor", PASSWORD, name=f"{seen} 監査役", kind=User.Kind.AUDIT
    )
    people["auditor"] = auditor
    house = House(name, tenant, people, objects)
    visit = _visit(house, auditor, Visit.Kind.AUDIT, now)
    objects |= {
        "visit": visit.code,
        "violation": _violation(house, now),
        "member": Membership.objects.get(user=people["viewer"]).pk,
    }
    return house


def _people(house: str, tenant: Tenant, now: datetime) -> dict[str, User]:
    people = {}
    roles = {"viewer": "viewer", "editor": "editor", "admin": "admin", "authority": "admin"}
    for name, role in (roles | {"stopped": "admin", "initial": "admin"}).items():
        user = User.objects.create_user(
            f"{house}-{name}", PASSWORD, name=f"{register_mark(house)} {name}",
            email=f"{house}-{name}@example.jp",
            state=User.State.INITIAL if name == "initial" else User.State.ACTIVE,
            initial_until=now + DAY if name == "initial" else None,
        )  # fmt: skip
        member = Membership.objects.create(
            tenant=tenant, user=user, role=role, has_authority=name == "authority",
            stopped_at=now - DAY if name == "stopped" else None,
        )  # fmt: skip
        Enrolment.objects.create(
            tenant=tenant, name=user.name, email=user.email, affiliation="employee", role=role,
            has_authority=member.has_authority, named_at=now - 40 * DAY, membership=member,
        )  # fmt: skip
        people[name] = user
    return people


def _device(house: str, number: int, tenant: Tenant, kind: DeviceType, now: datetime) -> Device:
    site = Site.objects.create(tenant=tenant, name=f"{register_mark(house)} 工場")
    return Device.objects.create(
        tenant=tenant, name=f"{register_mark(house)} 冷蔵庫", type=kind, space="sigfox",
        address=f"AB{number}", site=site, registered_at=now - 90 * DAY,
        thing=thing(kind, "sigfox", f"AB{number}", now - 90 * DAY),
    )  # fmt: skip


def _heard(house: str, number: int, device: Device, now: datetime) -> dict[str, object]:
    at = now - timedelta(minutes=number)
    store.keep_points([
        Point(device.tenant_id, device.pk, "temperature", "number", at, 11.0),
        Point(device.tenant_id, device.pk, "note", "text", at, data_mark(house)),
    ])  # fmt: skip
    uplink = StoredUplink.objects.create(
        device_id=device.pk, sent_at=at, message=UUID(int=number + 1), tenant_id=device.tenant_id,
        entry_key=uuid4(), received_at=at, processed_at=at, event="uplink", payload=b"\x01",
        data={"note": data_mark(house)}, codec_version=CodecVersion.objects.first(),
    )  # fmt: skip
    Heartbeat.objects.create(
        device=device, tenant_id=device.tenant_id, sent_at=at, received_at=at, gateways=1
    )
    waits = Downlink.objects.create(
        tenant_id=device.tenant_id, device=device, payload=bytes(8), created_at=now
    )
    return {"sent_us": micros(at), "message": uplink.message, "downlink": waits.pk}


def _watched(house: str, device: Device, now: datetime) -> dict[str, object]:
    tenant, mark, seen = device.tenant, data_mark(house), register_mark(house)
    recipient = Recipient.objects.create(
        tenant=tenant, name=f"{mark} 工場長", address=f"{mark}@example.jp", created_at=now
    )
    rule = Rule.objects.create(
        tenant=tenant, device=device, key="temperature", upper=10.0, created_at=now
    )
    rule.recipients.add(recipient)
    incident = Incident.objects.create(
        tenant=tenant, device=device, rule=rule, key="temperature", side="upper", limit=10.0,
        since=now, opened_at=now, opened_value=11.0, worst_value=11.0,
    )  # fmt: skip
    mail = Message.objects.create(
        tenant=tenant, kind="incident.opened", about=incident.code, address=f"{seen}@example.jp",
        subject=f"{seen} 警報", body=f"{seen} 本文", message_id=f"{house}@example.jp",
        state="given_up", created_at=now, due_at=now, attempts=1,
    )  # fmt: skip
    Delivery.objects.create(message=mail, at=now, outcome="refused", code=550, answer=seen)
    group = Group.objects.create(tenant=tenant, name=f"{mark} 当番", created_at=now)
    Duty.objects.create(tenant=tenant, group=group, recipient=recipient)
    bounced = Incoming.objects.create(
        received_at=now, peer="192.0.2.7", recipient="b@example.jp", size=9, state="kept",
        kind="other", message=mail, raw=f"Subject: {mark}\n\n{mark} 本文".encode(),
    )  # fmt: skip
    return {
        "group": group.code, "recipient": recipient.code, "rule": rule.code,
        "incident": incident.code, "mail": mail.pk,
        "shared_rule": SharedRule.objects.create(
            tenant=tenant, group=f"{mark} 組", key="temperature", upper=10.0, created_at=now
        ).code,
        "incoming": bounced.pk,
    }  # fmt: skip


def _came_in(house: str, number: int, tenant: Tenant, now: datetime) -> dict[str, object]:
    connection = Connection.objects.create(
        name=f"{register_mark(house)} 接続", kind="sigfox", tenant=tenant,
        token_hash=number.to_bytes(32, "big"), token_hint="abc", created_at=now,
    )  # fmt: skip
    key = UUID(int=(int(now.timestamp() * 1000) << 80) + number)
    entry = {"entry_id": 1000 + number, "slice": 0, "received_at": now, "address": f"F{number}"}
    Entry.objects.create(
        key=key, id=1000 + number, slice=0, connection_id=connection.pk, received_at=now,
        event="data", address=f"F{number}", content_type="application/json", query="",
        body=register_mark(house).encode(),
    )  # fmt: skip
    ExceptionalEntry.objects.create(
        entry_key=key, connection=connection, space="sigfox", kind="failed",
        reason="codec_failed", detail="x", **entry,
    )  # fmt: skip
    fetched = Connection.objects.create(
        name=f"{register_mark(house)} 接続 MQTT", kind="chirpstack", tenant=tenant,
        token_hash=(number + 1000).to_bytes(32, "big"), token_hint="abd", created_at=now,
    )  # fmt: skip
    Broker.objects.create(
        connection=fetched, host="127.0.0.1", port=1, version="5", is_tls=False,
        client_id=f"noroshi-{number}", topics=["a/#"],
    )  # fmt: skip
    return {"connection": connection.pk, "entry": key, "broker": fetched.pk}


def _signed(
    house: str, tenant: Tenant, people: dict[str, User], now: datetime
) -> dict[str, object]:
    mark, user = data_mark(house), people["authority"]
    draft = IntentDraft.objects.create(
        tenant=tenant, user=user, kind="recipients", text=mark, shown_at=now,
        expires_at=now + timedelta(minutes=30),
    )  # fmt: skip
    intent = Intent.objects.create(
        tenant=tenant, number=1, draft_code=f"{house}-done", kind="recipients",
        text=register_mark(house),
        text_sha256="0" * 64, user=user, user_login=user.login, user_name=user.name,
        enrolment_code="x", method="password", at=now, agent="x", previous="0" * 64, hash="1" * 64,
    )  # fmt: skip
    AuditEntry.objects.create(
        tenant=tenant, user=user, at=now, action="device.renamed", subject=register_mark(house)
    )
    SignIn.objects.create(user=user, at=now, outcome="ok", place=register_mark(house))
    KnownDevice.objects.create(
        user=user, cookie_sha256="0" * 64, label=register_mark(house), first_at=now, last_at=now
    )
    line = Enrolment.objects.get(membership__user=people["viewer"])
    waiting = Enrolment.objects.create(
        tenant=tenant, name=f"{register_mark(house)} 新人", affiliation="employee", role="viewer",
        named_at=now,
    )  # fmt: skip
    return {
        "draft": draft.code, "intent": intent.code,
        "enrolment": line.code, "waiting": waiting.code,
    }  # fmt: skip


def _visit(house: House, visitor: User, kind: str, now: datetime) -> Visit:
    behalf = Membership.objects.get(user=house.people["viewer"])
    scope = ["devices", "alarms"] if kind == Visit.Kind.SUBCONTRACTOR else []
    visit = Visit.objects.create(
        tenant=house.tenant, kind=kind, visitor=visitor, visitor_name=visitor.name,
        department="auditor" if kind == Visit.Kind.AUDIT else "", reason="確認のため",
        ticket="" if kind == Visit.Kind.AUDIT else "T-1", scope=scope,
        on_behalf_of=behalf if kind == Visit.Kind.AUDIT else None,
        filed_by=house.people["admin"], filed_at=now - DAY, since=now - DAY, until=now + DAY,
    )  # fmt: skip
    VisitView.objects.create(
        visit=visit, tenant=house.tenant, at=now, page="home", path=f"/{register_mark(house.name)}"
    )
    return visit
