"""The whole way of an uplink: gate, spine with a JavaScript codec, 3 readings, 3 rules, mail.

`python -m bench.whole` measures on DATABASE_URL.
"""

import json
import os

from bench import scratch

SCRATCH = "noroshi_bench_whole"


def run(database_url: str) -> dict[str, tuple[float, str]]:
    """Measure on the server of `database_url`, which must run on this machine; about 40 s.

    The real programs gate and work run on a database made there and dropped at the end, under load
    at fixed rates. Lag is the time from the moment an uplink is due to be sent until readings,
    judgement and mail are committed. CPU is of gate, worker, sandbox and PostgreSQL at the highest
    rate, the load generator's kept out.
    """
    with scratch.database(database_url, SCRATCH) as url:
        told: dict[str, dict[str, float]] = json.loads(scratch.child("bench.whole_child", url))
    found = {}
    for rate, run_ in told.items():
        split = "  ".join(f"{name} {run_[name]:.0f}" for name in ("gate", "worker", "postgres"))
        print(
            f"whole way at {rate:>5}/s: lag p50 {run_['p50_ms']:.0f} p99 {run_['p99_ms']:.0f} ms; "
            f"CPU µs an uplink: {run_['cpu_us']:.0f} ({split}); {run_['batch']:.0f} a batch"
        )
        found[f"whole_way_lag_p50_ms_{rate}"] = (run_["p50_ms"], "ms")
        found[f"whole_way_lag_p99_ms_{rate}"] = (run_["p99_ms"], "ms")
    last = told[max(told, key=int)]
    found["whole_way_cpu_us"] = (last["cpu_us"], "µs")
    for name in ("gate", "worker", "sandbox", "postgres"):
        found[f"whole_way_{name}_us"] = (last[name], "µs")
    return found


if __name__ == "__main__":
    for name, (value, unit) in run(os.environ["DATABASE_URL"]).items():
        print(f"{name} {value:.2f} {unit}")
