"""What a gate tells Prometheus of itself; pure."""

from collections.abc import Iterator, Mapping

from noroshi.base.metrics import Figure

OUTCOMES = ("stored", "duplicate", "refused", "spooled")


def of_gate(
    figures: Mapping[str, int], turned_away: Mapping[str, int], *, is_loaded: bool
) -> Iterator[Figure]:
    """The figures of a keeper, requests turned away by reason, whether connections are known.

    received = stored + duplicate + refused + spooled + waiting at every moment.
    """
    received, spooling = figures["received"], figures["is_spooling"]
    outcomes = {name: figures[name] for name in OUTCOMES}
    unaccounted = received - sum(outcomes.values()) - figures["waiting"]
    yield _one("noroshi_gate_received_total", "counter", "Uplinks taken in hand.", received)
    yield Figure(
        "noroshi_gate_uplinks_total", "counter", "What became of them.", outcomes, "outcome"
    )
    yield _one("noroshi_gate_waiting", "gauge", "Uplinks not answered yet.", figures["waiting"])
    yield _one("noroshi_gate_unaccounted", "gauge", "Received but nowhere: must be 0.", unaccounted)
    yield _one(
        "noroshi_gate_drained_total",
        "counter",
        "Uplinks carried from the spool to the database.",
        figures["drained"],
    )
    yield _one("noroshi_gate_spooling", "gauge", "1 while uplinks go to the disk.", spooling)
    yield _one("noroshi_gate_spool_bytes", "gauge", "Waiting in the spool.", figures["spool_bytes"])
    yield _one(
        "noroshi_gate_strange_bytes",
        "gauge",
        "In the spool for another database.",
        figures["strange_bytes"],
    )
    yield Figure(
        "noroshi_gate_turned_away_total", "counter", "Requests refused.", turned_away, "reason"
    )
    yield _one("noroshi_gate_loaded", "gauge", "1 when connections are known.", int(is_loaded))


def _one(name: str, kind: str, what: str, value: float) -> Figure:
    return Figure(name, kind, what, {"": value})
