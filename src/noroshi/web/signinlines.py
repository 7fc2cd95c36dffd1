"""The log of sign-ins in words, and as a file for a spreadsheet."""

from collections.abc import Iterable, Iterator

from django.utils import timezone
from django.utils.translation import gettext as _

from noroshi.readings.cells import text_cell
from noroshi.tenants.models import SignIn

ENCODING = "utf-8"
MARK = b"\xef\xbb\xbf"  # a spreadsheet then takes the file for UTF-8


def csv_of(rows: Iterable[SignIn]) -> Iterator[bytes]:
    """A file of sign-ins for a spreadsheet, in the language and time zone in force."""
    yield MARK + line_of(
        _("日時"), _("利用者ID"), _("お名前"), _("結果"), _("方法"), _("接続元"), _("場所"),
        _("機器"), _("新しい機器"),
    )  # fmt: skip
    outcomes = {key: str(words) for key, words in SignIn.Outcome.choices}
    methods, new = methods_in_words(), _("はい")
    for row in rows:
        yield line_of(
            f"{timezone.localtime(row.at):%Y/%m/%d %H:%M:%S}",
            row.user.login if row.user else "",
            row.user.name if row.user else "",
            outcomes.get(row.outcome, row.outcome),
            methods.get(row.method, row.method),
            row.address or "",
            row.place,
            row.device,
            new if row.is_new_device else "",
        )


def line_of(*texts: str) -> bytes:
    """One line of the file."""
    return b",".join(text_cell(text, ENCODING) for text in texts) + b"\r\n"


def method_of(method: str) -> str:
    """How the person signed in, in words; one without words shows its name."""
    return methods_in_words().get(method, method)


def methods_in_words() -> dict[str, str]:
    """Every way to sign in."""
    return {
        "password": _("パスワード"),
        "password+": _("パスワードと二つ目の確認"),
        "password+app": _("パスワードと確認コード"),
        "password+key": _("パスワードとパスキー"),
        "password+code": _("パスワードと復旧コード"),
        "passkey": _("パスキー"),
    }
