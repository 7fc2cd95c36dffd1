"""What one uplink costs the spine: CPU of worker, sandbox and PostgreSQL, in a database of its own.

`python -m bench.spine` measures on DATABASE_URL.
"""

import json
import os

from bench import scratch

SCRATCH = "noroshi_bench_spine"
PARTS = ("worker", "sandbox", "postgres")


def run(database_url: str) -> dict[str, tuple[float, str]]:
    """Measure on the server of `database_url`, which must run on this machine.

    A database is made there and dropped at the end. The work is done by a child process, which sets
    Django up.
    """
    with scratch.database(database_url, SCRATCH) as url:
        told: dict[str, float] = json.loads(scratch.child("bench.spine_child", url))
    split = "  ".join(f"{name} {told[name]:.0f}" for name in PARTS)
    print(f"spine:  {told['per_s']:8.0f}/s  CPU µs an uplink: {split}")
    return {
        "spine_cpu_us": (sum(told[name] for name in PARTS), "µs"),
        **{f"spine_{name}_us": (told[name], "µs") for name in PARTS},
        "spine_uplinks_per_s": (told["per_s"], "1/s"),
    }


if __name__ == "__main__":
    for name, (value, unit) in run(os.environ["DATABASE_URL"]).items():
        print(f"{name} {value:.2f} {unit}")
