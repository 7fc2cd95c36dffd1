"""A database with real commits, for tests in which other processes and threads look on."""

from collections.abc import Iterator

import pytest
import pytest_django
from django.db import connection

EMPTIED = """
TRUNCATE inbox_entry, inbox_block, inbox_connection, devices_device, devices_devicetype,
         codecs_codec,
         tenants_tenant, tenants_user, django_session, readings_uplink, readings_reading,
         readings_chunk, readings_loose, readings_latest, base_tally, base_pulse CASCADE
"""
# The rows that a migration made, in a table that CASCADE reaches by who set a switch.
KEPT = """
ALTER TABLE tenants_kindswitch NO FORCE ROW LEVEL SECURITY;
CREATE TEMPORARY TABLE kept AS SELECT * FROM tenants_kindswitch WHERE set_by_id IS NULL;
"""
BACK = """
SET CONSTRAINTS ALL IMMEDIATE;
INSERT INTO tenants_kindswitch OVERRIDING SYSTEM VALUE SELECT * FROM kept;
DROP TABLE kept;
ALTER TABLE tenants_kindswitch FORCE ROW LEVEL SECURITY;
"""


@pytest.fixture
def transactional_db(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[None]:
    """Take the place of pytest-django's fixture, emptying the tables afterwards by one TRUNCATE.

    Django's own flush would take the rows that migrations made, leave the journal, and stumble
    over tables it does not manage.
    """
    with django_db_blocker.unblock():
        yield
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET ROLE NONE")  # the owner's: no other role may
                cursor.execute(KEPT + EMPTIED + ";" + BACK)  # one transaction
        finally:
            connection.close()  # the next test must not work as the owner
