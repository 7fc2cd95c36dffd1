"""docs/security.md says what the code does: figures, ways in, tables, programs, parts."""

import importlib
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.forms import FileField, Form
from django.urls import reverse

from noroshi.office.forms import party
from noroshi.outbox import send
from noroshi.tenants.known_words import listed
from tests.house.matrix import addresses
from tests.house.matrix_table import LINES

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


@cache
def section(title: str) -> str:
    """What stands under one heading."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", TEXT, re.M | re.S)
    assert found, f"docs/security.md has no section {title!r}"
    return found[1]


def rows(title: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def named(title: str, column: int) -> set[str]:
    """Every `name` in that column."""
    return {name for row in rows(title) for name in re.findall(r"`([^`]+)`", row[column])}


FIGURES = [(row[2].strip("`"), row[1]) for row in rows("Limits against guessing and floods")]


@pytest.mark.parametrize(("place", "value"), FIGURES, ids=[place for place, _value in FIGURES])
def test_a_figure_is_the_one_in_the_code(place: str, value: str) -> None:
    module, _, name = place.partition(":")
    found: object = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    assert str(found) == value


def test_every_way_in_is_told_and_each_is_an_address() -> None:
    told = named("Ways in", 2)
    open_ways = {
        name
        for name, line in LINES.items()
        if "anonymous" in (line.post or ()) and name not in {"csp-report", "set_language"}
    }
    aliases = {"account_login", "sign-out"}
    assert open_ways - aliases <= told | {"first-password"}
    assert told <= set(addresses())


def test_the_words_no_password_may_hold_are_told() -> None:
    for word in listed("service"):
        assert word in section("Passwords")
    assert list((ROOT / "src/noroshi/tenants/words").glob("*.txt"))


def test_every_log_is_a_table_that_is_there() -> None:
    tables = {model._meta.db_table for model in apps.get_models()}
    told = {name for name in named("Logs", 2) if "/" not in name}
    assert told <= tables
    assert {"tenants_signin", "tenants_auditentry", "tenants_visitview", "tenants_intent"} <= told


def test_the_dangerous_parts_are_in_the_house_and_the_risky_ones_are_wanted() -> None:
    wanted = (ROOT / "requirements" / "base.in").read_text()
    for name in named("Costly and dangerous parts", 0):
        assert name in wanted or (ROOT / "src/noroshi" / name).exists(), name
    assert "risky component" in section("Costly and dangerous parts")


def test_files_are_taken_in_the_two_places_that_are_told() -> None:
    takers = {
        one.__name__
        for one in vars(party).values()
        if isinstance(one, type) and issubclass(one, Form)
        and any(isinstance(field, FileField) for field in one.base_fields.values())
    }  # fmt: skip
    assert takers
    others = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "src/noroshi").rglob("*.py")
        if "forms.FileField" in path.read_text() and path.name != "party.py"
    ]
    assert others == ["src/noroshi/office/forms/device_file.py"]
    told = section("What is checked when something comes in")
    assert "PDF, PNG or JPEG" in told
    assert "CSV of devices" in told


def test_the_role_of_every_program_is_told_to_operators() -> None:
    operators = (ROOT / "docs" / "operators.md").read_text()
    for name in ("noroshi_app", "noroshi_pipeline", "NOROSHI_SECRET_KEY", "NOROSHI_SMTP_URL"):
        assert name in operators
    told = section("Whom the programs talk to")
    assert all(name in told for name in ("PostgreSQL", "mail server", "networks", "browsers"))


def test_settings_named_here_are_read_by_the_house() -> None:
    environment = (ROOT / "src/noroshi/base/environment.py").read_text()
    names = set(re.findall(r"NOROSHI_[A-Z_]+", TEXT))
    assert {"NOROSHI_SECRET_KEY", "NOROSHI_PROXIES"} <= names
    assert [name for name in names if name not in environment] == []


def test_files_and_tests_named_here_are_there() -> None:
    paths = set(
        re.findall(r"`((?:tests|tenants|account|codecs|ui|jobs|base|docs)/[\w/.]+\.\w+)`", TEXT)
    )
    assert paths
    for path in paths:
        assert (ROOT / path).exists() or (ROOT / "src/noroshi" / path).exists(), path


def test_the_proxy_is_told_to_take_modern_tls_only_and_to_write_what_it_forwards() -> None:
    told = section("Behind a proxy")
    assert "ssl_protocols TLSv1.2 TLSv1.3;" in told
    assert "proxy_set_header X-Forwarded-Proto https;" in told
    assert "server_tokens off;" in told


def test_the_mail_server_s_certificate_is_checked() -> None:
    source = Path(str(send.__file__)).read_text()
    assert source.count("ssl.create_default_context()") == 2
    assert not re.search(r"check_hostname\s*=\s*False|CERT_NONE|_create_unverified", source)


def test_no_program_of_ours_ends_tls_or_reads_client_certificates() -> None:
    for path in (ROOT / "src/noroshi").rglob("*.py"):
        assert not re.search(
            r"ssl_cert|ssl_key|SSLContext\(|load_cert_chain|client_cert", path.read_text()
        )


def test_how_soon_holes_are_mended_is_told() -> None:
    told = section("Parts of others")
    assert "within 7 days" in told
    assert "within 30 days" in told
    assert "every 90 days" in told
    assert "Report a vulnerability" in (ROOT / "SECURITY.md").read_text()


def test_whom_the_house_talks_to_is_told() -> None:
    told = rows("Whom the programs talk to")
    assert [row[0] for row in told] == [
        *("PostgreSQL", "your mail server", "your collector of logs", "brokers"),
        *("[webhooks](webhooks.md)", "networks", "browsers"),
    ]
    assert all(len(row) == 3 and all(row) for row in told)
    assert "is ever connected to" in section("Whom the programs talk to")


def test_what_is_checked_is_told_and_kept() -> None:
    told = section("What is checked when something comes in")
    assert "forms/*.py" in told
    assert "networks/*.py" in told
    assert list((ROOT / "src/noroshi").glob("*/forms/*.py"))
    assert list((ROOT / "src/noroshi/networks").glob("*.py"))
    for pair in ("upper limit", "corporate number", "address", "role with the contract"):
        assert pair in told


def test_sessions_are_told_with_their_reason() -> None:
    told = section("Sessions")
    assert "NIST SP 800-63B" in told
    assert "Any number of" in told
    places = [place for place, _value in FIGURES]
    assert "noroshi.tenants.sessions:IDLE_S_MAX" in places
    assert "noroshi.tenants.sessions:LIFE_S_MAX" in places


def test_fields_and_rights_are_told() -> None:
    told = section("Who may what")
    assert len(rows("Who may what")) >= 8
    for words in (
        "Single fields:",
        "What decides besides the role:",
        "internet address",
        "Time of day",
    ):
        assert words in told


def test_classes_of_data_have_a_time_and_a_protection_each() -> None:
    classes = rows("Data and how they are kept")
    assert {row[0] for row in classes} >= {"secret", "personal", "contractor's", "legal"}
    assert all(len(row) == 4 and all(row) for row in classes)


def test_secrets_are_told_with_strength_and_renewal() -> None:
    secrets = rows("Secrets and keys")
    assert len(secrets) >= 8
    assert all(len(row) == 4 and all(row) for row in secrets)
    assert "NOROSHI_OLD_SECRET_KEYS" in TEXT


def test_the_pages_of_the_account_are_where_this_says() -> None:
    assert reverse("account") == "/account/"
    assert tomllib.loads((ROOT / "asvs.toml").read_text(encoding="utf-8"))
