"""What a contractor sees of the end of its data: how long they are kept, plans, certificates."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from noroshi.retention.models import DeletionPlan
from noroshi.tenants.models import Membership
from noroshi.web.keeping import keeping_of
from tests.contracted import set_condition
from tests.web.conftest import Cast
from tests.web.test_home import text_of


@pytest.mark.parametrize(
    "page", ["/d/cold2/", "/d/cold2/table/", "/d/cold2/summary/", "/export/", "/deletions/"]
)
def test_every_page_of_data_says_from_which_day_they_are_kept(
    page: str, cast: Cast, aki: Client
) -> None:
    text = text_of(aki, page)
    assert "保存期間: 20" in text
    assert "以降のデータ（規約 第5条第1項）" in text


def test_the_first_day_kept_is_japans(cast: Cast) -> None:
    member = Membership.objects.get(user__login="aki")
    at = datetime(2028, 11, 22, 15, tzinfo=UTC)  # the 23rd has begun in Japan
    assert keeping_of(member, at) == "保存期間: 2027-11-23 以降のデータ（規約 第5条第1項）"
    set_condition(cast.tenant, data_scope="P90D")
    assert keeping_of(member, at) == "保存期間: 2028-08-25 以降のデータ（変更契約 第1号）"


def test_a_plan_is_shown_with_its_certificate_once_it_ran(cast: Cast, aki: Client) -> None:
    page = text_of(aki, "/deletions/")
    assert "データ削除証明（PDF）" in page
    assert "削除済み" in page
    answer = aki.get(f"/deletions/{cast.deleted}/")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    DeletionPlan.objects.all().delete()
    assert "削除の予定はありません" in text_of(aki, "/deletions/")
