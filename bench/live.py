"""2,000 open pages: how long after NOTIFY a page hears of its tenant's device.

`python -m bench.live` measures on DATABASE_URL.
"""

import json
import os

from bench import scratch

SCRATCH = "noroshi_bench_live"


def run(database_url: str) -> dict[str, tuple[float, str]]:
    """Measure in a database of its own on the server of `database_url`; about half a minute."""
    with scratch.database(database_url, SCRATCH) as url:
        told: dict[str, float] = json.loads(scratch.child("bench.live_child", url))
    print(
        f"live:   {told['pages']:.0f} pages, p50 {told['p50_ms']:.1f} ms,"
        f" p99 {told['p99_ms']:.1f} ms; NOTIFY alone p50 {told['floor_p50_ms']:.1f} ms, p99"
        f" {told['floor_p99_ms']:.1f} ms; {told['kib_a_page']:.1f} KiB a page,"
        f" CPU {told['cpu_us']:.0f} µs a delivery; {told['lost']:.0f} lost"
    )
    return {
        "live_2000_p50_ms": (told["p50_ms"], "ms"),
        "live_2000_p99_ms": (told["p99_ms"], "ms"),
        "live_notify_floor_p99_ms": (told["floor_p99_ms"], "ms"),
        "live_kib_a_page": (told["kib_a_page"], "KiB"),
        "live_cpu_us": (told["cpu_us"], "µs"),
    }


if __name__ == "__main__":
    for name, (value, unit) in run(os.environ["DATABASE_URL"]).items():
        print(f"{name} {value:.2f} {unit}")
