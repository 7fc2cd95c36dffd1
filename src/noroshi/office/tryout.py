"""Try a codec that is not saved yet on payloads, typed or real, and its encoder on an object."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from noroshi.codecs.downlink import Encoded, Frame, Script, Wanted
from noroshi.codecs.frames import DOWNLINK_DECODER
from noroshi.codecs.models import Codec
from noroshi.codecs.result import Decoded, Job
from noroshi.codecs.sandbox import COSTLY, NoSandbox, Sandbox, decode_plain
from noroshi.codecs.shared import SANDBOX
from noroshi.codecs.words import say_encoder_error, say_error
from noroshi.office.understanding import Values, pairs_of, plain, values_of

TRY_S_MAX = 5.0  # for all payloads together; an endless script must not hold the page


@dataclass(frozen=True, slots=True)
class Sample:
    """One payload to try, with what it became when it came (empty: a typed one)."""

    label: str
    url: str
    payload: bytes
    f_port: int | None
    sent_at: datetime
    before: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """A sample with what the source makes of it; `is_new`: other values than before.

    `normalized` names the values that came from normalizeUplink.
    """

    sample: Sample
    values: Values
    is_new: bool
    normalized: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TriedEncoder:
    """What the encoder made, and what decodeDownlink (None: there is none) reads from it again."""

    encoded: Encoded
    error: str = ""
    meaning: Values | None = None


def try_codec(kind: str, source: str, samples: Iterable[Sample]) -> list[Tried]:
    """Run the source on every sample; stops at one that costs too much or when time is up."""
    found: list[Tried] = []
    end = time.monotonic() + TRY_S_MAX
    with Sandbox(has_spare=False) as sandbox:
        for sample in samples:
            try:
                decoded = decode(kind, source, sample, sandbox)
            except NoSandbox as away:
                values = Values(error=say_error("crashed"), detail=str(away))
                return [*found, Tried(sample, values, is_new=False)]
            values = values_of(decoded)
            is_new = differs(sample, decoded)
            found.append(Tried(sample, values, is_new=is_new, normalized=decoded.normalized))
            if decoded.error in COSTLY or time.monotonic() > end:
                break
    return found


def try_encoder(source: str, data: Mapping[str, object], f_port: int | None) -> TriedEncoder:
    """Run the source's encoder on an object, and its decodeDownlink on the bytes."""
    script = script_of(source)
    with Sandbox(has_spare=False) as sandbox:
        try:
            encoded = sandbox.encode(script, Wanted(data, f_port))
            if encoded.error:
                return TriedEncoder(encoded, say_encoder_error(encoded.error))
            if DOWNLINK_DECODER not in sandbox.entry_points(script):
                return TriedEncoder(encoded)
            back = sandbox.decode_downlinks(script, [Frame(encoded.payload, encoded.f_port)])
        except NoSandbox as away:
            return TriedEncoder(Encoded(detail=str(away)), say_encoder_error("crashed"))
    return TriedEncoder(encoded, meaning=values_of(back[0]))


def entry_points(kind: str, source: str) -> tuple[str, ...]:
    """The functions of a JavaScript source that are ever called; () for other kinds."""
    if kind != Codec.Kind.JAVASCRIPT:
        return ()
    try:
        return SANDBOX.entry_points(script_of(source))
    except NoSandbox:
        return ()


def script_of(source: str) -> Script:
    """The typed source as a codec that nobody uses yet."""
    return Script(0, 0, source.replace("\r\n", "\n"))


def decode(kind: str, source: str, sample: Sample, sandbox: Sandbox) -> Decoded:
    """One sample; JavaScript in an engine that is thrown away after."""
    if kind == Codec.Kind.JAVASCRIPT:
        return sandbox.try_source(source.replace("\r\n", "\n"), sample.payload, sample.f_port)
    return decode_plain(
        Job(0, 0, kind, source, sample.payload, sample.f_port, sample.sent_at, None, {})
    )


def differs(sample: Sample, decoded: Decoded) -> bool:
    """Whether a real payload would now become something else."""
    if not sample.before:
        return False
    now = {pair for one in decoded.measurements for pair in pairs_of(one.values)}
    return not now <= set(sample.before)


def before_of(data: object) -> tuple[tuple[str, str], ...]:
    """The values of a stored uplink, as text."""
    if not isinstance(data, dict):
        return ()
    return tuple((str(key), plain(value)) for key, value in data.items())
