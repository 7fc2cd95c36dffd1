"""`noroshi device`: a terminal's way from stock to one contractor, the next, and out."""

import pytest
from django.utils import timezone

from noroshi.codecs.models import Codec
from noroshi.devices.models import Device, DeviceType, Thing
from noroshi.jobs.device import main
from noroshi.tenants.models import Tenant


@pytest.fixture
def tenants(db: None) -> tuple[Tenant, Tenant]:
    codec = Codec.objects.create(name="温度", kind="javascript")
    DeviceType.objects.create(name_ja="冷蔵庫", codec=codec)
    now = timezone.now()
    made = [Tenant.objects.create(name=name, created_at=now) for name in ("甲", "乙")]
    return made[0], made[1]


def test_a_terminal_goes_its_way_and_each_step_is_told(
    tenants: tuple[Tenant, Tenant], capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = tenants
    place = ["sigfox", "0A1B"]
    main(["add", *place, "--type", "冷蔵庫", "--serial", "SN1", "--right-until", "2027-03-31"])
    assert capsys.readouterr().out == "Sigfox A1B: in stock\n"
    since = "2026-01-02T09:30"
    main(["assign", *place, one.code, "--name", "田", "--since", since, "--site", "北"])
    said = capsys.readouterr().out
    assert f"{one.code} 甲, 田, from 2026-01-02 09:30:00 JST to now; 0 waiting" in said
    main(["move", *place, two.code])
    assert "what it sent before stays with 甲" in capsys.readouterr().out
    main(["move", *place, "--to-stock"])
    assert capsys.readouterr().out == "Sigfox A1B: in stock; what it sent stays with 乙\n"
    main(["show", *place])
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "Sigfox A1B type=冷蔵庫 model= serial=SN1"
    assert shown[1] == "in stock"
    assert [line.split(", ")[0] for line in shown[2:]] == [
        f"Sigfox A1B: {two.code} 乙",
        f"Sigfox A1B: {one.code} 甲",
    ]
    main(["retire", *place])
    main(["show", *place])
    assert "\nretired 20" in capsys.readouterr().out
    assert Device.objects.filter(retired_at=None).count() == 0


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (["add", "sigfox", "A1B", "--type", "x"], "no device type is called x"),
        (["show", "sigfox", "FF"], "the register knows no sigfox FF"),
        (["show", "lorawan", "FF"], "DevEUI"),
        (["assign", "sigfox", "A1B", "nobody"], "no contractor has the code nobody"),
        (["move", "sigfox", "A1B", "--to-stock"], "nobody holds Sigfox A1B"),
        (["add", "sigfox", "A1B", "--type", "冷蔵庫"], "."),
    ],
)
def test_what_cannot_be_done_ends_with_one_line(
    tenants: tuple[Tenant, Tenant], told: list[str], line: str
) -> None:
    main(["add", "sigfox", "A1B", "--type", "冷蔵庫"])
    with pytest.raises(SystemExit, match=line) as ended:
        main(told)
    assert str(ended.value).startswith("noroshi: ")
    assert "\n" not in str(ended.value)
    assert Thing.objects.count() == 1
