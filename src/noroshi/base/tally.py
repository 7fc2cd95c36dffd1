"""Count what passes a stage, in the transaction in which it passes."""

from collections.abc import Mapping

from noroshi.base import wire

# What the gate counts by its own INSERT (gate/store.py), and what the spine counts.
STORED, DECODED, FAILED = "stored", "decoded", "failed"
ADD = """
INSERT INTO base_tally (stage, slot, count)
SELECT stage, %b::smallint, count FROM unnest(%b::text[], %b::bigint[]) AS t (stage, count)
ON CONFLICT (stage, slot) DO UPDATE SET count = base_tally.count + excluded.count
"""


def add(counts: Mapping[str, int], *, slot: int) -> None:
    """Add to the stages' counts (less than 0 takes away).

    The slot's row is locked until the commit: those who count side by side take different slots.
    """
    told = {stage: count for stage, count in sorted(counts.items()) if count}
    if told:
        counts_told = wire.numbers(list(told.values()), wire.INT8)
        with wire.hot() as cursor:
            cursor.execute(ADD, [slot, wire.texts(told), counts_told])
