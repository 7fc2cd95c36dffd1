"""Rules of the house that no linter knows."""

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.template.loader import get_template

import noroshi
from noroshi.contracts import registry

HOUSE = Path(noroshi.__file__).parent
FILES = [path for path in HOUSE.rglob("*.py") if "migrations" not in path.parts]
DOORS = [path for path in FILES if path.relative_to(HOUSE).parts[0] in {"web", "live"}]
TEMPLATES = sorted(HOUSE.glob("*/templates/**/*.html"))
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
# Rows that belong to the provider or to the installation, not to one tenant.
PLATFORM_TABLES = {
    "AddressRange",
    "Agent",
    "Approval",
    "Attachment",  # through its message
    "Awake",
    "AuditEntry",
    "Broker",  # through its connection
    "BackupRun",
    "Codec",
    "CodecVersion",
    "Connection",
    "Delivery",  # through its message
    "DeviceType",
    "Entry",
    "ExceptionalEntry",
    "Incoming",  # strangers write to the provider
    "Installation",
    "IssuedCredential",  # through its user
    "KindSwitch",
    "KnownDevice",  # through its user
    "Listening",  # through its connection
    "Message",  # the provider's own mails have none
    "Outage",  # of a network, not of a contractor
    "PackedEntries",
    "Paper",
    "Party",
    "Pulse",
    "Quantity",
    "RuleState",  # through its rule
    "ServiceKind",
    "SignIn",  # through its user
    "Subcontractor",
    "Tally",
    "Tenant",
    "Thing",  # through its device
    "User",
    "Watermark",
}
SERIES_TABLES = {"Chunk", "LooseReading", "Reading"}  # narrow rows, owned through their series


def ident(path: Path) -> str:
    return str(path.relative_to(HOUSE))


@pytest.mark.parametrize("path", FILES, ids=ident)
def test_files_and_functions_fit_the_eye(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= FILE_LINES_MAX
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < FUNCTION_LINES_MAX, node.name


@pytest.mark.parametrize("path", DOORS, ids=ident)
def test_doors_reach_rows_only_through_access(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        is_manager = isinstance(node, ast.Attribute) and node.attr in {
            "objects",
            "_default_manager",
        }
        assert not is_manager, f"line {node.lineno}: ask tenants.access for rows"


@pytest.mark.parametrize(
    "model",
    [m for m in apps.get_models() if m.__module__.startswith("noroshi")],
    ids=lambda m: m.__name__,
)
def test_every_row_has_an_owner(model: type) -> None:
    name = model.__name__
    if name in SERIES_TABLES:
        assert model._meta.get_field("series") is not None  # type: ignore[attr-defined]
    elif "_" not in name:
        is_platform = name in PLATFORM_TABLES
        assert is_platform or model._meta.get_field("tenant").null is False  # type: ignore[attr-defined]


# Constants of the same name that bound the house, not one contractor.
OF_THE_HOUSE = {
    "account/surroundings.py": "DEVICES_MAX",  # browsers that a person signed in from
    "base/news.py": "DEVICES_MAX",  # terminals named in one piece of news
    "live/hub.py": "DEVICES_MAX",  # the same, gathered for a browser
}


@pytest.mark.parametrize("path", FILES, ids=ident)
def test_a_limit_of_a_contractor_is_read_from_its_contract_only(path: Path) -> None:
    """No column, no constant and no row's attribute is called like a condition.

    What a limit is for whom says contracts.effective; it travels as its answer only.
    """
    if path.relative_to(HOUSE).parts[0] == "contracts":
        return
    spelled = {spelling for key in registry.KEYS for spelling in (key, key.upper())}
    spelled -= {OF_THE_HOUSE.get(ident(path), "")}
    spelled |= {"retention_days", "RETENTION_DAYS", "RETENTION_DAYS_DEFAULT"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {one.id for one in targets if isinstance(one, ast.Name)}
            is_answer = ident(path) == "tenants/register.py"  # Limits, which the doors pass in
            assert is_answer or not names & spelled, f"line {node.lineno}: ask contracts.effective"
        if isinstance(node, ast.Attribute) and node.attr in spelled:
            whose = node.value.id if isinstance(node.value, ast.Name) else ast.dump(node.value)
            known = whose == "limits" or "limits_of" in whose
            assert known, f"line {node.lineno}: ask contracts.effective"


@pytest.mark.parametrize(
    "model",
    [m for m in apps.get_models() if m.__module__.startswith("noroshi")],
    ids=lambda m: m.__name__,
)
def test_no_table_but_the_conditions_keeps_a_limit_of_a_contractor(model: type) -> None:
    names = {field.name for field in model._meta.get_fields()}  # type: ignore[attr-defined]
    assert not names & {*registry.KEYS, "retention_days"}


@pytest.mark.parametrize("path", TEMPLATES, ids=ident)
def test_no_template_reads_a_limit_from_a_contractors_row(path: Path) -> None:
    text = path.read_text()
    for key in (*registry.KEYS, "retention_days"):
        assert f"tenant.{key}" not in text


@pytest.mark.parametrize("path", TEMPLATES, ids=ident)
def test_every_template_parses(path: Path) -> None:
    get_template(str(path).partition("/templates/")[2])


@pytest.mark.parametrize("path", TEMPLATES, ids=ident)
def test_no_template_carries_what_the_content_policy_forbids(path: Path) -> None:
    text = path.read_text()
    for forbidden in (" style=", "onclick=", "onchange=", "onsubmit=", "javascript:", "|safe"):
        assert forbidden not in text
