"""Rules of the house that no linter knows."""

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.template.loader import get_template

import noroshi

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
    "Attachment",  # through its message
    "AuditEntry",
    "Broker",  # through its connection
    "Codec",
    "CodecVersion",
    "Connection",
    "Delivery",  # through its message
    "DeviceType",
    "Entry",
    "ExceptionalEntry",
    "Installation",
    "IssuedCredential",  # through its user
    "KindSwitch",
    "KnownDevice",  # through its user
    "Listening",  # through its connection
    "Message",  # the provider's own mails have none
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


@pytest.mark.parametrize("path", TEMPLATES, ids=ident)
def test_every_template_parses(path: Path) -> None:
    get_template(str(path).partition("/templates/")[2])


@pytest.mark.parametrize("path", TEMPLATES, ids=ident)
def test_no_template_carries_what_the_content_policy_forbids(path: Path) -> None:
    text = path.read_text()
    for forbidden in (" style=", "onclick=", "onchange=", "onsubmit=", "javascript:", "|safe"):
        assert forbidden not in text
