"""`noroshi import-devices`: a contractor's terminals from a file."""

from pathlib import Path

import pytest
from django.utils import timezone

from noroshi.codecs.models import Codec
from noroshi.devices.models import Device, DeviceType
from noroshi.jobs.import_devices import main
from noroshi.tenants.models import AuditEntry, Tenant
from tests.contracted import make_tenant

GOOD = "sigfox,1A,第1冷蔵庫,冷蔵庫,SN1,0123456789ABCDEF,本社\n"
FAULTY = "sigfox,2A,,冷蔵庫\n"


@pytest.fixture
def tenant(db: None) -> Tenant:
    codec = Codec.objects.create(name="温度", kind="javascript")
    DeviceType.objects.create(name_ja="冷蔵庫", codec=codec)
    return make_tenant(name="みどりの里", created_at=timezone.now())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "devices.csv"
    path.write_text(GOOD + FAULTY, encoding="cp932")
    return path


def test_a_good_file_is_registered_and_written_down(
    tenant: Tenant, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(GOOD, encoding="utf-8-sig")
    main([str(file), "--tenant", tenant.code])
    assert capsys.readouterr().out == "1 devices are registered, 0 lines left out.\n"
    device = Device.objects.get()
    assert (device.tenant, device.thing.pac, device.thing.serial) == (
        tenant,
        "0123456789ABCDEF",
        "SN1",
    )
    entry = AuditEntry.objects.get(action="device.imported")
    assert (entry.tenant, entry.user, entry.subject) == (tenant, None, "devices.csv")


def test_a_faulty_line_is_told_and_nothing_is_saved(
    tenant: Tenant, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="1 of 2 lines are faulty; none was saved"):
        main([str(file), "--tenant", tenant.code])
    assert capsys.readouterr().err.startswith("line 2: ")
    assert not Device.objects.exists()


def test_the_good_lines_alone_can_be_wanted(
    tenant: Tenant, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(file), "--tenant", tenant.code, "--good-lines-only"])
    assert capsys.readouterr().out == "1 devices are registered, 1 lines left out.\n"
    assert Device.objects.get().address == "1A"


def test_a_check_saves_nothing_and_tells_by_its_status(
    tenant: Tenant, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(file), "--tenant", tenant.code, "--check"])
    assert ended.value.code == 1
    assert "1 lines are good, 1 faulty; nothing was registered." in capsys.readouterr().out
    file.write_text(GOOD)
    with pytest.raises(SystemExit) as ended:
        main([str(file), "--tenant", tenant.code, "--check"])
    assert (ended.value.code, Device.objects.count()) == (0, 0)


def test_a_file_or_a_contractor_that_is_not_there_is_named(tenant: Tenant, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no contractor has the code nowhere"):
        main(["x.csv", "--tenant", "nowhere"])
    with pytest.raises(SystemExit, match="cannot read"):
        main([str(tmp_path / "x.csv"), "--tenant", tenant.code])
    empty = tmp_path / "empty.csv"
    empty.touch()
    with pytest.raises(SystemExit, match=r"empty\.csv: "):
        main([str(empty), "--tenant", tenant.code])
