"""What is spoken to over a network is spoken to under TLS, or the programs do not start."""

import pytest

from noroshi.base import environment, remote
from noroshi.config.settings import database

NOBODY: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("url", "is_fault"),
    [
        ("", False),
        ("postgresql://n:p@127.0.0.1:5432/n", False),
        ("postgresql://n:p@localhost/n", False),
        ("postgresql://n:p@[::1]:5432/n", False),
        ("postgresql:///n?host=/var/run/postgresql", False),
        ("postgresql://n:p@db.example.jp/n", True),
        ("postgresql://n:p@192.0.2.7/n", True),
        ("postgresql://n:p@[2001:db8::7]/n", True),
        ("postgresql://n:p@/n?host=db.example.jp", True),
        ("postgresql://n:p@127.0.0.1/n?hostaddr=192.0.2.7", True),
        ("postgresql://n:p@127.0.0.1,db.example.jp:5433/n", True),
        ("postgresql://n:p@db.example.jp/n?sslmode=prefer", True),
        ("postgresql://n:p@db.example.jp/n?sslmode=require", False),
        ("postgresql://n:p@db.example.jp/n?sslmode=verify-full&sslrootcert=system", False),
    ],
)
def test_a_remote_database_needs_tls(url: str, *, is_fault: bool) -> None:
    assert bool(remote.database_fault(url, NOBODY)) == is_fault


@pytest.mark.parametrize(
    ("url", "is_fault"),
    [
        ("smtp://127.0.0.1:25", False),
        ("smtp://u:p@mail.example.jp:587", True),
        ("smtp://u:p@mail.example.jp:587?starttls=0", True),
        ("smtp://u:p@mail.example.jp:587?starttls=1", False),
        ("smtps://u:p@mail.example.jp", False),
    ],
)
def test_a_remote_mail_server_needs_tls(url: str, *, is_fault: bool) -> None:
    assert bool(remote.mail_fault(url, NOBODY)) == is_fault


@pytest.mark.parametrize(
    ("url", "is_fault"),
    [
        ("", False),
        ("tls://logs.example.jp:6514", False),
        ("tcp://127.0.0.1:6514", False),
        ("tcp://logs.example.jp:6514", True),
        ("udp://127.0.0.1:514", True),
        ("tls://logs.example.jp", True),
        ("tls://logs.example.jp:nought", True),
    ],
)
def test_a_remote_collector_of_logs_needs_tls(url: str, *, is_fault: bool) -> None:
    assert bool(remote.syslog_fault(url, NOBODY)) == is_fault


@pytest.mark.parametrize(
    "told",
    [
        {"DATABASE_URL": "postgresql://n:secret@db/n"},
        {"NOROSHI_APP_DATABASE_URL": "postgresql://n:secret@db/n"},
        {"NOROSHI_PIPELINE_DATABASE_URL": "postgresql://n:secret@db/n"},
        {"NOROSHI_SMTP_URL": "smtp://u:secret@db:25"},
        {"NOROSHI_SYSLOG": "tcp://db:6514"},
    ],
)
def test_no_program_starts_in_the_clear_unless_the_host_is_trusted(told: dict[str, str]) -> None:
    with pytest.raises(environment.BadSetting) as refused:
        environment.read(told)
    assert "secret" not in str(refused.value)
    assert "NOROSHI_TRUSTED_HOSTS" in str(refused.value)
    environment.read(told | {"NOROSHI_TRUSTED_HOSTS": "mail, db"})
    with pytest.raises(environment.BadSetting):
        environment.read(told | {"NOROSHI_TRUSTED_HOSTS": "mail"})


def test_the_pages_speak_to_the_database_as_the_address_says() -> None:
    url = "postgresql://n:p@db.example.jp/n?sslmode=verify-full&sslrootcert=/etc/ca.pem"
    options = database(url)["OPTIONS"]
    assert isinstance(options, dict)
    assert (options["sslmode"], options["sslrootcert"]) == ("verify-full", "/etc/ca.pem")
    plain = database("postgresql://n:p@127.0.0.1/n")["OPTIONS"]
    assert isinstance(plain, dict)
    assert "sslmode" not in plain
