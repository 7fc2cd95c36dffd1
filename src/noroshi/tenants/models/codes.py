"""Public ids: short, random, safe in an address."""

import secrets

CODE_BYTES = 9  # 72 bits: an address nobody guesses


def new_code() -> str:
    """A public id for an address: short, random, safe in a URL."""
    return secrets.token_urlsafe(CODE_BYTES).replace("-", "x").replace("_", "y")
