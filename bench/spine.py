"""What one uplink costs the spine: CPU of worker, sandbox and PostgreSQL, in a database of its own.

`python -m bench.spine` measures on DATABASE_URL.
"""

import json
import os
import subprocess
import sys
import urllib.parse
from pathlib import Path

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
SCRATCH = "noroshi_bench_spine"
PARTS = ("worker", "sandbox", "postgres")


def run(database_url: str) -> dict[str, tuple[float, str]]:
    """Measure on the server of `database_url`, which must run on this machine.

    A database is made there and dropped at the end. The work is done by a child process, because
    Django can be set up only once in a process.
    """
    scratch = urllib.parse.urlsplit(database_url)._replace(path=f"/{SCRATCH}").geturl()
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(SCRATCH))
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(SCRATCH)))
        try:
            told = in_child(scratch)
        finally:
            connection.execute(drop)
    split = "  ".join(f"{name} {told[name]:.0f}" for name in PARTS)
    print(f"spine:  {told['per_s']:8.0f}/s  CPU µs an uplink: {split}")
    return {
        "spine_cpu_us": (sum(told[name] for name in PARTS), "µs"),
        **{f"spine_{name}_us": (told[name], "µs") for name in PARTS},
        "spine_uplinks_per_s": (told["per_s"], "1/s"),
    }


def in_child(database_url: str) -> dict[str, float]:
    """What the child measured: µs of CPU per uplink by part, and uplinks per second."""
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "noroshi.config.settings",
        "NOROSHI_SECRET_KEY": "only for the bench: " + "b" * 32,
    }
    program = [sys.executable, "-m", "bench.spine_child"]
    done = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"bench of the spine failed: {done.stderr[-2000:]}")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


if __name__ == "__main__":
    for name, (value, unit) in run(os.environ["DATABASE_URL"]).items():
        print(f"{name} {value:.2f} {unit}")
