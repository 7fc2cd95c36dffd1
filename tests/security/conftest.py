"""The world of the matrix for the files that ask it."""

from tests.house.conftest import world

__all__ = ["world"]
