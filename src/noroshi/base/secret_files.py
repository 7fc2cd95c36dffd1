"""Secrets from files: `NAME_FILE` in the environment names the file that holds `NAME`.

So systemd's LoadCredential and the secrets of containers work, and no secret need stand in the
environment, where a program's children inherit it.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

SUFFIX = "_FILE"
BYTES_MAX = 65_536
# A container's own secrets: nobody but the container sees that folder, whatever the mode says.
CONTAINERS = Path("/run/secrets")


class BadSecretFile(ValueError):
    """The file cannot be used; the message says which and what to do."""


def value_of(env: Mapping[str, str], name: str) -> str:
    """The secret, from the environment or from its file; empty when neither is given.

    A line end at the end of the file is no part of it. Raises BadSecretFile.
    """
    file = env.get(name + SUFFIX, "")
    if not file:
        return env.get(name, "")
    if env.get(name):
        raise BadSecretFile(f"{name} and {name}{SUFFIX} are both set; keep one of them")
    return _read(Path(file), name + SUFFIX)


def _read(path: Path, name: str) -> str:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            body = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise BadSecretFile(f"{name}: {path} cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(mode):
        raise BadSecretFile(f"{name}: {path} is not a file")
    shut = stat.S_IWGRP | stat.S_IRWXO
    if path.parent.resolve() == CONTAINERS:
        shut = stat.S_IWGRP | stat.S_IWOTH
    if mode & shut:
        raise BadSecretFile(
            f"{name}: {path} is open to others (mode {stat.S_IMODE(mode):04o}); chmod 0600 it"
        )
    if len(body) > BYTES_MAX:
        raise BadSecretFile(f"{name}: {path} is larger than {BYTES_MAX} bytes")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise BadSecretFile(f"{name}: {path} is not UTF-8 text") from None
    if not text.strip():
        raise BadSecretFile(f"{name}: {path} is empty")
    return text.rstrip("\r\n")
