"""Tests of codecs/."""  # noqa: A005 - the room is called so, and only tests.codecs is imported
