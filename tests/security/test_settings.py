"""The settings as an operator gets them behind https: nothing for Django's own examiner to find."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.hashers import get_hasher
from django.test import override_settings

from tests.house.matrix import addresses

ROOT = Path(__file__).resolve().parent.parent.parent
ASK = """
import json
from django.conf import settings as s
names = ("DEBUG", "SECRET_KEY", "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "DEVICE_COOKIE_NAME",
  "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "CSRF_COOKIE_HTTPONLY",
  "SESSION_COOKIE_SAMESITE", "SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS",
  "SECURE_SSL_REDIRECT", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "LANGUAGE_COOKIE_HTTPONLY",
  "LANGUAGE_COOKIE_SAMESITE", "LANGUAGE_COOKIE_SECURE", "SESSION_COOKIE_DOMAIN",
  "CSRF_COOKIE_DOMAIN",
  "SESSION_COOKIE_PATH", "CSRF_COOKIE_SAMESITE", "LANGUAGE_COOKIE_NAME")
print(json.dumps({name: getattr(s, name, None) for name in names}))
"""


def behind_https() -> dict[str, str]:
    """The environment of a house at https://noroshi.example.jp."""
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "DJANGO_SETTINGS_MODULE": "noroshi.config.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        "NOROSHI_BASE_URL": "https://noroshi.example.jp",
        "NOROSHI_ALLOWED_HOSTS": "noroshi.example.jp",
        "NOROSHI_SECRET_KEY": secrets.token_urlsafe(48),
    }


def run(*argv: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A program of the house with the settings of behind_https."""
    return subprocess.run(
        [sys.executable, *argv], cwd=ROOT, env=behind_https() | environment, capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.fixture(scope="module")
def served() -> dict[str, object]:
    """The settings that a house behind https has."""
    done = run("-c", ASK)
    assert done.returncode == 0, done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told


def test_the_examiner_of_django_finds_nothing_in_a_house_behind_https() -> None:
    done = run("-m", "django", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no issues (0 silenced)" in done.stdout


def test_the_examiner_does_find_what_is_left_open() -> None:
    done = run(
        "-m", "django", "check", "--deploy", "--fail-level", "WARNING",
        NOROSHI_BASE_URL="http://noroshi.example.jp",
    )  # fmt: skip
    assert done.returncode != 0
    assert "security.W" in done.stderr


def test_cookies_of_a_house_behind_https_are_bound_to_it(served: dict[str, object]) -> None:
    for cookie in ("SESSION", "CSRF"):
        assert str(served[f"{cookie}_COOKIE_NAME"]).startswith("__Host-")
        assert served[f"{cookie}_COOKIE_SECURE"] is True
        assert served[f"{cookie}_COOKIE_HTTPONLY"] is True
        assert served[f"{cookie}_COOKIE_SAMESITE"] == "Lax"
        assert served[f"{cookie}_COOKIE_DOMAIN"] is None
    assert served["SESSION_COOKIE_PATH"] == "/"
    assert str(served["DEVICE_COOKIE_NAME"]).startswith("__Host-")
    assert str(served["LANGUAGE_COOKIE_NAME"]).startswith("__Host-")
    assert served["LANGUAGE_COOKIE_SECURE"] is True
    assert served["LANGUAGE_COOKIE_HTTPONLY"] is True
    assert served["LANGUAGE_COOKIE_SAMESITE"] == "Lax"


def test_a_house_behind_https_tells_browsers_for_two_years(served: dict[str, object]) -> None:
    assert served["SECURE_HSTS_SECONDS"] == 2 * 365 * 24 * 3600
    assert served["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is True
    assert served["SECURE_SSL_REDIRECT"] is True


def test_only_the_named_host_is_trusted(served: dict[str, object]) -> None:
    assert served["ALLOWED_HOSTS"] == ["noroshi.example.jp"]
    assert served["CSRF_TRUSTED_ORIGINS"] == ["https://noroshi.example.jp"]


def test_nothing_in_the_environment_switches_debugging_on() -> None:
    done = run("-c", ASK, NOROSHI_DEBUG="1", DJANGO_DEBUG="1", DEBUG="1")
    assert json.loads(done.stdout)["DEBUG"] is False


@pytest.mark.parametrize("key", ["", "short"])
def test_a_house_without_a_good_secret_does_not_start(key: str) -> None:
    done = run(
        "-m", "django", "check", "--deploy", "--fail-level", "WARNING", NOROSHI_SECRET_KEY=key
    )
    assert done.returncode != 0


def test_the_framework_s_own_office_is_not_here() -> None:
    assert not apps.is_installed("django.contrib.admin")
    assert not apps.is_installed("django.contrib.gis")
    assert not apps.is_installed("debug_toolbar")
    found = {name: getattr(one.callback, "__module__", "") for name, one in addresses().items()}
    assert [name for name, module in found.items() if "admin" in module.split(".")] == []
    assert [name for name in found if "admin/" in name or "debug" in name] == []


def test_passwords_of_the_product_are_kept_with_argon2id_of_the_owasp_strength() -> None:
    with override_settings(PASSWORD_HASHERS=["noroshi.tenants.hashers.Argon2id"]):
        hasher = get_hasher()
        kept = hasher.encode("correct horse battery staple", hasher.salt())
    assert kept.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    product = run("-c", "from noroshi.config import settings as s; print(s.PASSWORD_HASHERS)")
    assert product.stdout.strip() == "['noroshi.tenants.hashers.Argon2id']"


def test_secrets_are_not_in_the_settings_file_but_come_from_the_environment() -> None:
    text = (ROOT / "src/noroshi/config/settings.py").read_text()
    assert "SECRET_KEY = ENV.secret_key" in text
    assert settings.SECRET_KEY.startswith("only for tests")
