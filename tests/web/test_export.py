"""Taking data out: what the file holds, in which letters, and what is told before."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from noroshi.tenants.models import AuditEntry
from noroshi.web.forms.export import WIDE_DEVICES_MAX
from noroshi.web.pages.export import EXPORTED
from tests.web.conftest import Cast, measure, place
from tests.web.test_home import text_of


def query(**changes: str) -> str:
    """Everything up to today, with changes."""
    today = timezone.localdate()
    asked = {
        "since": str(today - timedelta(days=2)), "until": str(today + timedelta(days=1)),
        "device": "cold2", "encoding": "utf-8", "shape": "wide",
    } | changes  # fmt: skip
    return "?" + "&".join(f"{key}={value}" for key, value in asked.items())


def file_of(client: Client, **changes: str) -> bytes:
    """The file as it is downloaded."""
    answer = client.get("/export/file.csv" + query(**changes))
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_the_wide_file_has_a_row_a_moment_with_units_and_harmless_cells(
    cast: Cast, aki: Client
) -> None:
    lines = file_of(aki).decode().splitlines()
    assert lines[0] == '"日時","温度(℃)","扉","メモ"'
    assert len(lines) == 20
    at = timezone.localtime(cast.now).strftime("%Y/%m/%d %H:%M:%S")
    assert lines[-1] == f'{at},11.0,1,"\'=1+1 ①𠮷"'


def test_the_long_file_has_a_row_a_reading(cast: Cast, aki: Client) -> None:
    lines = file_of(aki, shape="long").decode().splitlines()
    assert lines[0] == '"日時","センサー端末","項目","値","単位"'
    assert len(lines) == 22


def test_each_encoding_is_what_it_says(cast: Cast, aki: Client) -> None:
    assert file_of(aki, encoding="utf-8-sig").startswith(b'\xef\xbb\xbf"')
    text = file_of(aki, encoding="cp932", accepted="1").decode("cp932")
    assert "温度(℃)" in text
    assert "①〓" in text


def test_letters_the_encoding_lacks_are_shown_before_the_file_is_given(
    cast: Cast, aki: Client
) -> None:
    answer = aki.get("/export/file.csv" + query(encoding="cp932"))
    assert answer.status_code == 302
    page = text_of(aki, answer["Location"])
    assert "「𠮷」" in page
    assert "このまま取り出す" in page
    assert "①」" not in page  # CP932 has it


def test_the_name_of_the_file_survives_any_browser(cast: Cast, aki: Client) -> None:
    header = aki.get("/export/file.csv" + query())["Content-Disposition"]
    assert header.startswith("attachment; filename*=utf-8''" + quote("第2冷蔵庫_20"))
    header.encode("ascii")


def test_no_device_chosen_means_all_of_the_tenants(cast: Cast, aki: Client) -> None:
    rice = place(cast.tenant, cast.type, "米蔵", code="rice")
    measure(rice, cast.now)
    address = "/export/file.csv" + query(shape="long").replace("device=cold2&", "")
    text = b"".join(aki.get(address).streaming_content).decode()  # type: ignore[attr-defined]
    assert len(text.splitlines()) == 43
    assert "米蔵" in text


def test_who_took_what_is_written_down_and_shown(cast: Cast, aki: Client, ben: Client) -> None:
    file_of(ben)
    entry = AuditEntry.objects.get(action="readings.exported")
    assert entry.user is not None
    assert entry.user.login == "ben"
    assert "（Ben）" in text_of(aki, "/export/")


@pytest.mark.parametrize(
    "change",
    [{"since": "2026-13-01"}, {"since": "2030-01-01", "until": "2029-01-01"},
     {"since": "2001-01-01"}, {"encoding": "latin-1"}, {"device": "nobody"}, {"until": ""}],
)  # fmt: skip
def test_what_cannot_be_taken_out_is_told_beside_the_field(
    change: dict[str, str], cast: Cast, aki: Client
) -> None:
    answer = aki.get("/export/file.csv" + query(**change))
    assert answer.status_code == 302
    assert 'class="error"' in text_of(aki, answer["Location"])
    assert not AuditEntry.objects.filter(action=EXPORTED).exists()


def test_too_many_columns_side_by_side_are_refused(cast: Cast, aki: Client) -> None:
    for number in range(WIDE_DEVICES_MAX):
        place(cast.tenant, cast.type, f"端末{number}", code=f"n{number}")
    assert "縦に並べる」を選んで" in text_of(aki, "/export/" + query().replace("device=cold2&", ""))


def test_a_device_without_readings_gives_no_empty_file(cast: Cast, aki: Client) -> None:
    place(cast.tenant, cast.type, "新品", code="fresh")
    answer = aki.get("/export/file.csv" + query(device="fresh"))
    assert answer.status_code == 302
    assert "まだ計測値がありません" in text_of(aki, answer["Location"])
