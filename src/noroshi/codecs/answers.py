"""What is said to the sandbox process as JSON, and what its JSON answers mean; pure."""

import json
import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from noroshi.codecs.frames import HOUSE_LINE, LORA_OBJECT, Reply
from noroshi.codecs.normalized import add_normalized
from noroshi.codecs.result import (
    Decoded,
    Job,
    clean,
    failed,
    measurements_from,
    own_warnings,
)

SPOILT = "the codec spoiled its own answer"

_LINE = re.compile(r"<input>:(\d+)")
_encode_json = msgspec.json.Encoder().encode
_decode_json = msgspec.json.Decoder().decode


def items_of(jobs: Sequence[Job]) -> str:
    """The uplinks of one codec, as the worker's decode wants them."""
    is_told = bool(jobs) and LORA_OBJECT in jobs[0].source
    items: list[tuple[object, ...]] = []
    for job in jobs:
        item = (list(job.payload), job.f_port, job.received_at.timestamp() * 1000)
        variables = {clean(name): clean(value) for name, value in job.variables.items()}
        if is_told:
            items.append((*item, variables, job.lora_object or {}))
        else:
            items.append((*item, variables) if variables else item)
    return _encode_json(items).decode()


def read_reply(reply: Reply, jobs: Sequence[Job]) -> list[Decoded]:
    """A result a job, from the worker's results or from what befell the frame."""
    if reply.error:
        return [failed(reply.error, with_line(reply.detail))] * len(jobs)
    answers = answers_of(reply)
    if len(answers) != len(jobs):
        return [failed("bad_result", SPOILT)] * len(jobs)
    return [read_answer(answer, job.received_at) for answer, job in zip(answers, jobs, strict=True)]


def answers_of(reply: Reply) -> list[object]:
    """The answers of a frame, one an item (unless the codec spoiled them all)."""
    if not reply.results.startswith("["):
        return [parsed(line) for line in reply.results.split("\n")]
    answers = parsed(reply.results)
    return answers if isinstance(answers, list) else []


def read_answer(answer: object, base: datetime) -> Decoded:
    """One uplink's (or downlink's) values, from {d: data, w, e, n, z} or {x, m, s}."""
    if not isinstance(answer, dict):
        return failed("bad_result", SPOILT)
    if "x" in answer:
        error = "too_big" if answer["x"] == "too_big" else "exception"
        return failed(error, thrown(answer))
    warnings = own_warnings(answer["w"]) if "w" in answer else ()
    if answer.get("e"):
        return Decoded((), warnings, "exception", errors_of(answer["e"]))
    data = answer.get("d")
    if not isinstance(data, dict | list):
        return Decoded((), warnings, "bad_result", "the codec returned no data object")
    measurements, ours = measurements_from(data, base)
    if "n" in answer:
        ours += tuple(f"@not_finite {name}" for name in own_warnings(answer["n"]))
    decoded = Decoded(measurements, warnings + ours)
    if "z" not in answer:
        return decoded
    normalized = parsed(answer["z"]) if isinstance(answer["z"], str) else None
    return add_normalized(decoded, read_answer(normalized, base))


def errors_of(errors: object) -> str:
    """A codec's own ``errors`` as one short text."""
    texts = errors if isinstance(errors, list) else [errors]
    return failed("", "; ".join(str(error) for error in texts)).detail


def thrown(answer: dict[object, object]) -> str:
    """What a codec threw, with its line."""
    return with_line(f"{answer.get('m', '')}\n{answer.get('s', '')}")


def with_line(thrown_text: str) -> str:
    """The engine's message in one line, with the line of the source where it names one."""
    message, _, stack = thrown_text.partition("\n")
    lines = [int(number) for number in _LINE.findall(stack) if int(number) < HOUSE_LINE]
    return f"{message} (line {lines[0]})" if lines else message


def parsed(text: str) -> object:
    """The JSON's value; None where it is none."""
    try:
        return _decode_json(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        pass
    try:
        # Lone surrogates, which the quick reader refuses, are mended later (result.clean).
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
