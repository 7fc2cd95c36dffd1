"""How fast the store takes in, packs, shows and lets go, beside a plain table in the same run."""

import json

from bench import scratch

SCRATCH = "noroshi_bench_store"


def run(database_url: str) -> dict[str, tuple[float, str]]:
    """Measure on the server of `database_url`; databases are made there and dropped at the end."""
    with scratch.database(database_url, SCRATCH) as url:
        told = json.loads(scratch.child("bench.store_child", url))
        scratch.chill()
        told |= json.loads(scratch.child("bench.store_child", url, "cold"))
    return {name: (value, unit) for name, (value, unit) in told.items()}
