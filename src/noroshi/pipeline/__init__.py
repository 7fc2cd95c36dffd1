"""The spine: what came in becomes readings, incidents and mails."""

from noroshi.pipeline.messages import (
    FUTURE_MAX,
    Heard,
    Parsed,
    arrival,
    decode,
    heard,
    job,
    parse,
    time_of,
)
from noroshi.pipeline.rows import data_of, points_of, problem_of
from noroshi.pipeline.spine import is_of_the_machine, keep, process_waiting, tell

__all__ = [
    "FUTURE_MAX",
    "Heard",
    "Parsed",
    "arrival",
    "data_of",
    "decode",
    "heard",
    "is_of_the_machine",
    "job",
    "keep",
    "parse",
    "points_of",
    "problem_of",
    "process_waiting",
    "tell",
    "time_of",
]
