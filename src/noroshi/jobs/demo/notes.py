"""What the demo remembers between starts: tokens and passwords, in a file only its owner reads."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "demo.json"


@dataclass(frozen=True, slots=True)
class Notes:
    """Tokens by network, and the accounts: one of a contractor, two of the office."""

    tokens: dict[str, str]
    user: str
    user_password: str
    staff: str
    staff_password: str
    approver: str = ""
    approver_password: str = ""

    def password_of(self, login: str) -> str:
        """The password noted for that account, or an empty text."""
        known = {
            self.user: self.user_password,
            self.staff: self.staff_password,
            self.approver: self.approver_password,
        }
        return known.get(login, "")


def read_notes(var: Path) -> Notes | None:
    """The notes in this folder; None when there are none, or none that can be read."""
    try:
        return Notes(**json.loads((var / FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_notes(var: Path, notes: Notes) -> None:
    """Replace the notes in one step."""
    var.mkdir(parents=True, exist_ok=True)
    draft = var / f"{FILE}.new"
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(notes)))
    draft.replace(var / FILE)
