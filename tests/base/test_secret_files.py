"""Every secret may come from a file that only its owner reads."""

import os
from pathlib import Path

import pytest

from noroshi.base import environment, secret_files
from noroshi.base.environment import BadSetting

KEY = "k" * 40


def a_file(folder: Path, text: str, mode: int = 0o600) -> str:
    path = folder / "secret"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("DATABASE_URL", "postgresql://n:p@127.0.0.1/n", "database_url"),
        ("NOROSHI_APP_DATABASE_URL", "postgresql://a:p@127.0.0.1/n", "app_database_url"),
        ("NOROSHI_PIPELINE_DATABASE_URL", "postgresql://p:p@127.0.0.1/n", "pipeline_database_url"),
        ("NOROSHI_SECRET_KEY", KEY, "secret_key"),
        ("NOROSHI_SMTP_URL", "smtps://u:p@mail.example.jp", "smtp_url"),
    ],
)
def test_each_secret_comes_from_its_file(name: str, value: str, field: str, tmp_path: Path) -> None:
    told = {f"{name}_FILE": a_file(tmp_path, value + "\n")}
    assert getattr(environment.read(told), field) == value
    with pytest.raises(BadSetting, match="both set"):
        environment.read(told | {name: value})


def test_former_keys_come_from_a_file_too(tmp_path: Path) -> None:
    told = {"NOROSHI_OLD_SECRET_KEYS_FILE": a_file(tmp_path, "one\ntwo\n")}
    assert environment.read(told).old_secret_keys == ("one", "two")


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o602, 0o666])
def test_a_file_that_others_read_or_write_is_refused(mode: int, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="open to others") as refused:
        environment.read({"NOROSHI_SECRET_KEY_FILE": a_file(tmp_path, KEY, mode)})
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440])
def test_a_file_of_the_owner_or_its_group_is_taken(mode: int, tmp_path: Path) -> None:
    told = {"NOROSHI_SECRET_KEY_FILE": a_file(tmp_path, KEY, mode)}
    assert environment.read(told).secret_key == KEY


def test_a_containers_own_folder_may_be_readable_but_not_writable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_files, "CONTAINERS", tmp_path.resolve())
    told = {"NOROSHI_SECRET_KEY_FILE": a_file(tmp_path, KEY, 0o444)}
    assert environment.read(told).secret_key == KEY
    with pytest.raises(BadSetting, match="open to others"):
        environment.read({"NOROSHI_SECRET_KEY_FILE": a_file(tmp_path, KEY, 0o646)})


def test_no_file_an_empty_one_a_folder_and_what_is_no_text_are_refused(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    binary.chmod(0o600)
    for place in (str(tmp_path / "none"), a_file(tmp_path, " \n"), str(tmp_path), str(binary)):
        with pytest.raises(BadSetting, match="NOROSHI_SECRET_KEY_FILE"):
            environment.read({"NOROSHI_SECRET_KEY_FILE": place})


def test_a_program_keeps_the_address_of_its_own_role_and_forgets_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*environment.SECRETS, *(f"{one}_FILE" for one in environment.SECRETS)):
        monkeypatch.setenv(name, "")  # so that it is put back as it was, though it was not there
        monkeypatch.delenv(name)
    own = a_file(tmp_path, "postgresql://a:p@127.0.0.1/n")
    monkeypatch.setenv("DATABASE_URL", "postgresql://owner:p@127.0.0.1/n")
    monkeypatch.setenv("NOROSHI_APP_DATABASE_URL_FILE", own)
    monkeypatch.setenv("NOROSHI_PIPELINE_DATABASE_URL_FILE", str(tmp_path / "none"))
    environment.act_as("noroshi_app")
    assert environment.read().database_url == "postgresql://a:p@127.0.0.1/n"
    assert "DATABASE_URL" not in os.environ
    assert not [name for name in os.environ if name.startswith("NOROSHI_PIPELINE")]
