"""How many uplinks one connection may send: a bucket of tokens each, in memory."""

BURST_S = 2.0  # so much may come at once after a pause, as after an outage of the network


class Buckets:
    """One bucket a connection, filled at a steady rate; `now` is any clock that only goes on."""

    def __init__(self, per_s: int) -> None:
        """Let `per_s` uplinks a second of each connection pass; 0 = all."""
        self._per_s = per_s
        self._most = per_s * BURST_S
        self._of: dict[int, tuple[float, float]] = {}  # connection → tokens, and when they were so

    def admit(self, connection_id: int, now: float) -> bool:
        """Take a token of the connection, if it has one."""
        if not self._per_s:
            return True
        tokens, at = self._of.get(connection_id, (self._most, now))
        tokens = min(self._most, tokens + (now - at) * self._per_s)
        is_admitted = tokens >= 1
        self._of[connection_id] = (tokens - is_admitted, now)
        return is_admitted
