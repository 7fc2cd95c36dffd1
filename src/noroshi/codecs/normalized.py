"""Put what normalizeUplink says beside what decodeUplink said; pure."""

from datetime import datetime

from noroshi.codecs.result import (
    KEYS_MAX,
    MEASUREMENTS_MAX,
    VALUES_MAX,
    WARNING_CHARS_MAX,
    Decoded,
    Measurement,
    Value,
)

FAILED = "@not_normalized"
FULL = "@too_many_values"


def add_normalized(decoded: Decoded, normalized: Decoded) -> Decoded:
    """The decoded values, and under their own names (``air.temperature``) the normalized ones.

    A decoded value is never replaced: of one instant, a name that is there already stays as it is.
    Whatever went wrong in normalizeUplink is a warning. ``normalized`` of the result holds the
    names that were added.
    """
    if normalized.error:
        why = f"{FAILED} {normalized.detail or normalized.error}"[:WARNING_CHARS_MAX]
        return _with(decoded, decoded.measurements, (*normalized.warnings, why), ())
    heap = _Merge(decoded)
    for one in normalized.measurements:
        heap.add(one)
    warnings = (*normalized.warnings, FULL) if heap.is_full else normalized.warnings
    return _with(decoded, heap.measurements(), warnings, tuple(heap.names))


def without_normalized(decoded: Decoded) -> Decoded:
    """The decoded values of a codec whose normalizeUplink is left away because it costs much."""
    if decoded.error:
        return decoded
    return _with(decoded, decoded.measurements, (FAILED,), ())


def _with(
    decoded: Decoded,
    measurements: tuple[Measurement, ...],
    warnings: tuple[str, ...],
    names: tuple[str, ...],
) -> Decoded:
    return Decoded(
        measurements,
        decoded.warnings + tuple(one for one in warnings if one not in decoded.warnings),
        decoded.error,
        decoded.detail,
        names,
    )


class _Merge:
    """Readings of both kinds by instant, within the limits that hold for decoded ones alone."""

    def __init__(self, decoded: Decoded) -> None:
        self.rows = [(one.at, dict(one.values)) for one in decoded.measurements]
        self.left = VALUES_MAX - sum(len(values) for _at, values in self.rows)
        self.names: dict[str, None] = {}
        self.is_full = False

    def measurements(self) -> tuple[Measurement, ...]:
        return tuple(Measurement(at, values) for at, values in self.rows)

    def add(self, new: Measurement) -> None:
        same = [values for at, values in self.rows if at == new.at]
        wanted = {
            name: value
            for name, value in new.values.items()
            if not any(name in values for values in same)
        }
        if not wanted:
            return
        row = same[0] if same else self._new_row(new.at)
        if row is None or len(row) + len(wanted) > KEYS_MAX or len(wanted) > self.left:
            self.is_full = True
            return
        row.update(wanted)
        self.left -= len(wanted)
        self.names.update(dict.fromkeys(wanted))

    def _new_row(self, at: datetime | None) -> dict[str, Value] | None:
        if len(self.rows) >= MEASUREMENTS_MAX:
            return None
        self.rows.append((at, {}))
        return self.rows[-1][1]
