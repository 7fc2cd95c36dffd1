"""What open pages are told of a batch."""

import json
from datetime import UTC, datetime

import psycopg
from django.db import connection

from noroshi import pipeline
from noroshi.codecs.sandbox import Sandbox
from noroshi.inbox.actions import NewConnection, make_connection
from noroshi.tenants.audit import Actor
from tests.committed import transactional_db
from tests.spine.journal import Posted, take_in

__all__ = ["transactional_db"]

NOW = datetime(2026, 11, 22, 1, 14, tzinfo=UTC)


def test_the_office_is_told_of_what_nobody_could_carry_through(transactional_db: None) -> None:
    made, _ = make_connection(NewConnection("x", "chirpstack"), by=Actor(None, None), now=NOW)
    take_in(made, Posted(b"garbage", event="up"), now=NOW)
    params = connection.get_connection_params()
    with psycopg.connect(**params, autocommit=True) as ear, Sandbox() as sandbox:
        ear.execute("LISTEN noroshi_live")
        assert pipeline.process_waiting(sandbox, now=NOW, slices_max=16) == 1
        (told,) = list(ear.notifies(timeout=5, stop_after=1))
    assert json.loads(told.payload) == {"tenant": 0, "devices": ["*"], "kinds": ["trouble"]}
