"""The product's settings on the tests' own PostgreSQL, with a password hasher that is quick."""

import os

from tests import database

TEST_DATABASE = database.provide()
os.environ.setdefault("NOROSHI_SECRET_KEY", "only for tests: " + "t" * 32)

from noroshi.config.settings import *  # noqa: E402, F403
from noroshi.config.settings import DATABASES, MIDDLEWARE, STATIC_ROOT, STORAGES  # noqa: E402

DATABASES["default"]["TEST"] = {"NAME": TEST_DATABASE}
DATABASES["default"]["CONN_MAX_AGE"] = 0
MIDDLEWARE = ["tests.acting.as_app", *MIDDLEWARE]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
# Nothing is collected for tests, and whitenoise warns when the folder is missing.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
