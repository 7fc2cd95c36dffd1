"""The three roles for real: in a cluster of the last version, and on an operator's own server."""

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from noroshi.base import environment, roles
from noroshi.base.environment import Environment
from noroshi.base.roles import APP, PIPELINE
from noroshi.jobs import up_roles
from noroshi.jobs.postgres import Embedded
from noroshi.jobs.postgres_files import read_passwords, write_passwords
from noroshi.jobs.up_checks import NotStarted
from tests.jobs.test_postgres import ask, data

__all__ = ["data"]


def run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def root(data: Path) -> str:
    """The superuser's address of a cluster as the last version made it: it runs and has data."""
    server = Embedded(data)
    server.start()
    file = data.with_name("postgres.pgpass")
    words = read_passwords(file)
    root = roles.address(server.urls.owner, "postgres", words["postgres"])
    run(server.urls.owner, "CREATE TABLE kept AS SELECT 7 AS n")
    run(root, f"DROP ROLE {APP}", f"DROP ROLE {PIPELINE}")
    write_passwords(file, {role: words[role] for role in ("postgres", "noroshi")})
    return root


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_a_cluster_of_the_last_version_gets_the_roles_and_loses_nothing(
    root: str, data: Path, state: str
) -> None:
    owner = read_passwords(data.with_name("postgres.pgpass"))["noroshi"]
    assert ask(root, f"SELECT count(*) FROM pg_roles WHERE rolname = '{APP}'") == 0
    pid = Embedded(data).status.pid
    if state == "stopped":
        Embedded(data).stop()
    url = Embedded(data).start()
    assert ask(url, "SELECT n FROM kept") == 7
    assert owner in url
    urls = Embedded(data).urls
    assert ask(urls.app, "SELECT current_user") == APP
    assert ask(urls.app, "SHOW statement_timeout") == "30s"
    assert ask(urls.pipeline, "SELECT current_user") == PIPELINE
    assert ask(urls.owner, f"SELECT pg_has_role('noroshi', '{PIPELINE}', 'SET')") is True
    assert ask(urls.owner, f"SELECT pg_has_role('noroshi', '{PIPELINE}', 'USAGE')") is False
    if state == "running":
        assert Embedded(data).status.pid == pid  # nobody was thrown out


@pytest.fixture
def bosses(root: str, tmp_path: Path) -> Environment:
    """An operator's own server without our roles, and an owner who may make them."""
    run(root, "CREATE ROLE boss LOGIN CREATEROLE PASSWORD 'b'", "CREATE DATABASE own OWNER boss")
    url = roles.address(root, "boss", "b").replace("/noroshi", "/own")
    return replace(environment.read({}), database_url=url, var=tmp_path)


def test_an_owner_who_may_make_roles_makes_both_once(bosses: Environment, tmp_path: Path) -> None:
    urls = up_roles.urls_of_own_server(bosses)
    assert ask(urls.app, "SELECT current_user") == APP
    assert ask(urls.pipeline, "SELECT current_user") == PIPELINE
    assert (tmp_path / "roles.pgpass").stat().st_mode & 0o777 == 0o600
    assert up_roles.urls_of_own_server(bosses) == urls
    run(bosses.database_url, f"SET ROLE {PIPELINE}")  # for migrations of data
    (tmp_path / "roles.pgpass").unlink()
    with pytest.raises(NotStarted, match="its password is not in"):
        up_roles.urls_of_own_server(bosses)
    given = replace(bosses, app_database_url=urls.app, pipeline_database_url=urls.pipeline)
    assert up_roles.urls_of_own_server(given) == urls
    with pytest.raises(NotStarted, match="names another user"):
        up_roles.urls_of_own_server(replace(given, app_database_url=urls.owner))


def test_an_owner_who_may_make_no_role_is_told_what_to_run(bosses: Environment, root: str) -> None:
    run(root, "ALTER ROLE boss NOCREATEROLE")
    with pytest.raises(
        NotStarted, match=r"boss may not make it; run the SQL of docs/operators\.md"
    ):
        up_roles.urls_of_own_server(bosses)
