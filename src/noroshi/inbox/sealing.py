"""How the passwords for brokers are kept: the office seals them, the listener opens them."""

from collections.abc import Sequence

from noroshi.base.sealing import Sealer

PURPOSE = b"noroshi broker passwords v1\0"


def sealer(secret_keys: Sequence[str]) -> Sealer:
    """Seals under the first of the house's secret keys, opens under any."""
    return Sealer(PURPOSE, secret_keys)
