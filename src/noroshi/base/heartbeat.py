"""The pulse of a program in plain SQL, for those that run without Django's models."""

import os
import socket

EVERY_S = 5.0

# Parameters: program, instance, note, figures as JSON.
BEAT = """
INSERT INTO base_pulse (program, instance, started_at, seen_at, note, figures)
VALUES ({0}, {1}, now(), now(), {2}, {3}::jsonb)
ON CONFLICT (program, instance) DO UPDATE
SET seen_at = excluded.seen_at, note = excluded.note, figures = excluded.figures
"""


def instance() -> str:
    """The name of this process: host and process id, at most 100 characters."""
    return f"{socket.gethostname()}:{os.getpid()}"[:100]
