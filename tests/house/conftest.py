"""The world of the matrix for the files that ask it."""

import logging
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from noroshi.readings import store
from tests.house.matrix_world import World, build
from tests.security.headers import HSTS


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Made once for this file, and taken back as a whole."""
    logging.disable(logging.WARNING)  # ten thousand refusals
    with override_settings(**HSTS), django_db_blocker.unblock(), transaction.atomic():
        yield build()
        transaction.set_rollback(True)
    logging.disable(logging.NOTSET)
    store.forget_series()
