"""Take single readings out of the store: what a codec said and its successor says no more."""

from collections import defaultdict
from collections.abc import Collection, Iterable

import numpy as np

from noroshi.base import wire
from noroshi.readings import chunks
from noroshi.readings.closing import CLOSING_LOCK
from noroshi.readings.pack import unpack
from noroshi.readings.store import FIND_SERIES, SeriesName

Place = tuple[SeriesName, int]  # the series by name, the time in microseconds since 1970

LOCK = "SELECT pg_advisory_xact_lock(%b)"
DELETE = """
DELETE FROM {table} r USING unnest(%b::integer[], %b::timestamptz[]) AS gone (series_id, at)
WHERE r.series_id = gone.series_id AND r.at = gone.at
"""
STALE = """
SELECT l.series_id FROM readings_latest l
JOIN unnest(%b::integer[], %b::timestamptz[]) AS gone (series_id, at)
    ON gone.series_id = l.series_id AND gone.at = l.at
"""
NEWEST = """
SELECT at, value, loose FROM (
    (SELECT at, value, NULL::jsonb AS loose FROM readings_reading WHERE series_id = %(series)s
     ORDER BY at DESC LIMIT 1)
    UNION ALL
    (SELECT at, NULL, value FROM readings_loose WHERE series_id = %(series)s
     ORDER BY at DESC LIMIT 1)
    UNION ALL
    (SELECT %(at)s, %(value)s, NULL WHERE %(at)s::timestamptz IS NOT NULL)
) AS newest ORDER BY at DESC LIMIT 1
"""
LAST_CHUNK = """
SELECT body FROM readings_chunk WHERE series_id = %b ORDER BY day_from DESC LIMIT 1
"""
# The text goes back as it was: no reading is turned into another on its way.
RENEW = """
UPDATE readings_latest SET at = %b, value = %b, loose = (
    SELECT value FROM readings_loose l WHERE l.series_id = readings_latest.series_id AND l.at = %b)
WHERE series_id = %b
"""


def remove(places: Collection[Place]) -> int:
    """Delete these readings, wherever they lie; answers how many there were.

    What the series' latest value is follows. The caller holds the transaction.
    """
    gone = _ids(places)
    if not gone:
        return 0
    columns = [
        wire.numbers([one for one, _ in gone], wire.INT4),
        wire.times([us for _, us in gone]),
    ]
    with wire.cursor() as cursor:
        cursor.execute(LOCK, [CLOSING_LOCK])
        removed = 0
        for table in ("readings_reading", "readings_loose"):
            cursor.execute(DELETE.format(table=table), columns)
            removed += cursor.rowcount
        stale = [one for (one,) in cursor.execute(STALE, columns).fetchall()]
    times = defaultdict(list)
    for series_id, us in gone:
        times[series_id].append(us)
    removed += chunks.take_out({one: np.array(found) for one, found in times.items()})
    for series_id in stale:
        _renew_latest(series_id)
    return removed


def _ids(places: Iterable[Place]) -> list[tuple[int, int]]:
    """(series id, time) of those places whose series is there."""
    wanted = list(places)
    if not wanted:
        return []
    names = list({name for name, _ in wanted})
    with wire.cursor() as cursor:
        columns = [list(column) for column in zip(*names, strict=True)]
        rows = cursor.execute(FIND_SERIES, columns).fetchall()
    known = {(device, key, kind): series for device, key, kind, series in rows}
    return [(known[name], us) for name, us in wanted if name in known]


def _renew_latest(series_id: int) -> None:
    with wire.cursor() as cursor:
        packed = cursor.execute(LAST_CHUNK, [series_id]).fetchone()
        at = value = None
        if packed:
            run = unpack(packed[0])
            at, value = wire.moment(int(run.times[-1])), float(run.values[-1])
        told = {"series": series_id, "at": at, "value": value}
        newest = cursor.execute(NEWEST, told).fetchone()
        if newest is None:
            cursor.execute("DELETE FROM readings_latest WHERE series_id = %b", [series_id])
        else:
            cursor.execute(RENEW, [newest[0], newest[1], newest[0], series_id])
