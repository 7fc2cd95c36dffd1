"""The program `noroshi contract`."""

import pytest
from django.utils import timezone

from noroshi.contracts.models import Contract
from noroshi.jobs import contract
from tests.contracted import make_tenant, set_condition

pytestmark = pytest.mark.django_db


def test_a_value_is_told_with_its_source_and_what_it_goes_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ours = make_tenant(name="みどりの里", created_at=timezone.now(), conditions={"users_max": "5"})
    set_condition(ours, users_max="12")
    number = Contract.objects.get().number
    contract.main(["effective", number, "users_max"])
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("users_max = 12  amendment: ")
    assert ", since 20" in told[0]
    assert told[1].startswith("  goes before 5  sheet: ")
    contract.main(["effective", number, "users_max", "--on", "2021-04-01"])
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("users_max = 5  sheet: ")
    assert ", since 2020-03-02" in told[0]


def test_a_contract_is_shown_with_all_its_conditions(capsys: pytest.CaptureFixture[str]) -> None:
    make_tenant(name="捕獲協議会", kind_id="WANA", created_at=timezone.now())
    contract.main(["show", "W-000001"])
    told = capsys.readouterr().out
    assert told.startswith("W-000001  捕獲協議会  WANA")
    assert "Articles 5 and 6 of the terms do not apply" in told
    assert "recipients_max          10 " in told
    assert "licensed: mail\n" in told
    assert "data_scope" not in told
    contract.main(["effective", "W-000001", "data_scope"])
    assert capsys.readouterr().out == "data_scope does not apply to the kind WANA\n"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["show", "C-999999"], "there is no contract C-999999"),
        (["effective", "C-000001", "speed"], "no key speed; known: users_max"),
    ],
)
def test_what_does_not_exist_is_told(
    asked: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_tenant(name="a", created_at=timezone.now())
    with pytest.raises(SystemExit) as ended:
        contract.main(asked)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err
