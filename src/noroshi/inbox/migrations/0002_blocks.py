"""Entries by days instead of months, and the blocks into which closed days are packed."""

from datetime import UTC, datetime, timedelta

from django.db import migrations, models

from noroshi.base import partitions

HOT_DAYS = 3
DAYS_AHEAD = 7

TABLES = """
CREATE TABLE inbox_block (
    first_key uuid NOT NULL,
    last_key uuid NOT NULL,
    owner_id bigint,
    connection_id integer NOT NULL,
    first_id bigint NOT NULL,
    last_id bigint NOT NULL,
    received_from timestamptz NOT NULL,
    received_until timestamptz NOT NULL,
    count integer NOT NULL,
    format smallint NOT NULL,
    keys bytea STORAGE EXTERNAL NOT NULL,  -- what is compressed already is not compressed again
    head bytea STORAGE EXTERNAL NOT NULL,
    body bytea STORAGE EXTERNAL NOT NULL,
    PRIMARY KEY (first_key, last_key)  -- in which block does a key lie?
) PARTITION BY RANGE (first_key);
CREATE INDEX inbox_block_last_id ON inbox_block (last_id);  -- the office's list, newest first
-- When was a connection heard last?
CREATE INDEX inbox_block_connection ON inbox_block (connection_id, received_until);
-- What of this owner is past its time?
CREATE INDEX inbox_block_owner ON inbox_block (owner_id, received_until);
CREATE TABLE inbox_block_other PARTITION OF inbox_block DEFAULT;

-- A repeat of an entry that was packed meanwhile is no new entry. Days that are not closed have
-- partitions of their own, so that none but late comers pay for the look.
CREATE FUNCTION inbox_entry_once() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
  ms bigint := ('x' || left(replace(NEW.key::text, '-', ''), 12))::bit(48)::bigint;
  day_begin uuid := rpad(lpad(to_hex(ms - ms % 86400000), 12, '0'), 32, '0')::uuid;
BEGIN
  IF EXISTS (SELECT FROM public.inbox_block b WHERE b.first_key >= day_begin
      AND b.first_key <= NEW.key AND b.last_key >= NEW.key
      AND position(uuid_send(NEW.key) IN b.keys) > 0) THEN
    RETURN NULL;
  END IF;
  RETURN NEW;
END $body$;
CREATE TRIGGER inbox_entry_once BEFORE INSERT ON inbox_entry_other
FOR EACH ROW EXECUTE FUNCTION inbox_entry_once();
"""
DROP = """
DROP TRIGGER inbox_entry_once ON inbox_entry_other;
DROP FUNCTION inbox_entry_once();
DROP TABLE inbox_block;
"""


def by_days(apps, schema_editor):
    """Days around now take the place of the months; what is older waits to be packed."""
    today = datetime.now(UTC).date()
    table = "inbox_entry"
    with schema_editor.connection.cursor() as cursor:
        old = [f"{table}_{span.suffix}" for span in partitions.existing(table)]
        for name in old:
            cursor.execute(f"ALTER TABLE {table} DETACH PARTITION {name}")
        first, last = today - timedelta(days=HOT_DAYS), today + timedelta(days=DAYS_AHEAD)
        for span in partitions.days(first, last):
            partitions.ensure(table, span, bound="key")
        for name in old:
            cursor.execute(f"INSERT INTO {table} SELECT * FROM {name}")
            cursor.execute(f"DROP TABLE {name}")
    for span in partitions.months(today - timedelta(days=31), today + timedelta(days=31)):
        partitions.ensure("inbox_block", span, bound="key")


class Migration(migrations.Migration):

    dependencies = [
        ("inbox", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(TABLES, DROP),
        migrations.RunPython(by_days, migrations.RunPython.noop),
        migrations.CreateModel(
            name="PackedEntries",
            fields=[
                ("first_key", models.UUIDField(primary_key=True, serialize=False)),
                ("last_key", models.UUIDField()),
                ("owner_id", models.BigIntegerField(null=True)),
                ("connection_id", models.IntegerField()),
                ("first_id", models.BigIntegerField()),
                ("last_id", models.BigIntegerField()),
                ("received_from", models.DateTimeField()),
                ("received_until", models.DateTimeField()),
                ("count", models.IntegerField()),
                ("format", models.SmallIntegerField()),
                ("keys", models.BinaryField()),
                ("head", models.BinaryField()),
                ("body", models.BinaryField()),
            ],
            options={"db_table": "inbox_block", "managed": False},
        ),
    ]
