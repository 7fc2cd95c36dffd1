"""Every page of the office in English: no Japanese but people's own words."""

import pytest

from noroshi.codecs.sandbox import Sandbox
from tests.house.english import english_browser, japanese_left
from tests.office.conftest import House, a_mail, fill, run, send, up
from tests.office.test_door import NAMES, POSTED, address

FILES = {
    "office-paper",
    "office-contract-pdf",
    "office-contract-json",
    "office-deletion-certificate",
}
READ = [name for name in NAMES if name not in {*POSTED, *FILES}]


@pytest.fixture
def busy(house: House, office_sandbox: Sandbox) -> House:
    """A house with a reading, an unknown device, a payload too short, and a mail given up."""
    send(house, up("0101010101010101", b"\x00\x70", house.now))
    send(house, up("0101010101010101", b"\x00", house.now, counter=2), minutes_ago=1)
    send(house, up("0202020202020202", b"\x00\x70", house.now))
    run(office_sandbox, house)
    a_mail(house, "given_up")
    fill(house)
    return house


@pytest.mark.parametrize("name", READ)
def test_a_page_in_english_has_only_peoples_own_japanese(name: str, busy: House) -> None:
    answer = english_browser(busy.staff).get(address(name, busy))
    assert answer.status_code == 200
    assert japanese_left(answer.content.decode()) == []


@pytest.mark.parametrize("tab", ["refused", "failed", "unknown", "waiting", "done"])
def test_each_tab_of_the_inbox_is_english(tab: str, busy: House) -> None:
    answer = english_browser(busy.staff).get(f"/office/inbox/?tab={tab}")
    assert japanese_left(answer.content.decode()) == []
