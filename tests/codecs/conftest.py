"""One sandbox for the room's tests, and a job with one word."""

from collections.abc import Iterator

import pytest

from noroshi.codecs.sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one
