"""A CSV file of terminals, read and judged: every faulty line with its reasons, nothing saved."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from noroshi.devices.actions import NewDevice
from noroshi.devices.facts import BadDevice, Facts, clean_address, clean_facts
from noroshi.devices.models import Device, DeviceType, Site, Space, Thing
from noroshi.tenants.models import Tenant

LINES_MAX = 5000
BYTES_MAX = 800_000  # so that the text fits into a form, too
COLUMNS = ("space", "address", "name", "type", "serial", "pac", "place")
HEADINGS = {
    "network": "space", "ネットワーク": "space",
    "address": "address", "端末ID": "address", "DevEUI": "address",
    "name": "name", "名前": "name",
    "type": "type", "機種": "type",
    "serial": "serial", "製造番号": "serial",
    "PAC": "pac",
    "place": "place", "場所": "place",
}  # fmt: skip
NETWORKS = {"sigfox": Space.SIGFOX, "lorawan": Space.LORAWAN, "generic": Space.GENERIC} | {
    "その他": Space.GENERIC
}
QUOTED = re.compile(r'^="([^"=]*)"$')  # how people keep a spreadsheet from eating zeros
FORMULA_STARTS = ("=", "@")  # a name may begin with - or +: a room of -25℃
ENCODINGS = ("utf-8-sig", "cp932")


class BadFile(ValueError):
    """The file cannot be used at all; the message says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Cells:
    """One line as it was read."""

    space: str = ""
    address: str = ""
    name: str = ""
    type: str = ""
    serial: str = ""
    pac: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One judged line: `number` as a text editor counts, `new` unless there are reasons."""

    number: int
    cells: Cells
    new: NewDevice | None
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class Listing:
    """All lines of a file for one tenant."""

    tenant: Tenant
    lines: Sequence[Line]

    @property
    def good(self) -> list[Line]:
        """Those that can be registered."""
        return [line for line in self.lines if line.new]

    @property
    def faulty(self) -> list[Line]:
        """Those that cannot."""
        return [line for line in self.lines if not line.new]


def text_of(raw: bytes) -> str:
    """The file's text, from UTF-8 (with or without BOM) or CP932. Raises BadFile."""
    if len(raw) > BYTES_MAX:
        raise BadFile(_("ファイルが大きすぎます。分けてください。"))
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadFile(_("文字が読めません。UTF-8かシフトJISのCSVで保存してください。"))


def judge(text: str, tenant: Tenant) -> Listing:
    """Read the lines and say of each whether it can be registered. Raises BadFile."""
    rows = list(rows_of(text))
    if not rows:
        raise BadFile(_("端末の行がありません。"))
    taken = taken_addresses([cells.address for _number, cells, _extra in rows])
    types = types_by_name()
    lines: list[Line] = []
    for number, cells, has_extra in rows:
        new, reasons = judge_line(cells, tenant, types)
        if has_extra:
            reasons.append(_('列が多すぎます。値の中の「,」は " で囲んでください。'))
        key = key_of(cells)
        if key in taken:
            first = taken[key]
            reasons.append(
                _("%(line)d行目と同じ端末IDです。") % {"line": first}
                if first
                else _("この端末IDはすでに登録されています。")
            )
        elif key:
            taken[key] = number
        lines.append(Line(number, cells, None if reasons else new, reasons))
    return Listing(tenant, lines)


def rows_of(text: str) -> Iterator[tuple[int, Cells, bool]]:
    """(line number, cells, whether there were too many). Raises BadFile."""
    if len(text.encode("utf-8", "surrogatepass")) > BYTES_MAX:
        raise BadFile(_("ファイルが大きすぎます。分けてください。"))
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: Sequence[str] = ()
    count = 0
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if not columns:
                columns = columns_of(row)
                if columns:
                    continue
                columns = COLUMNS
            count += 1
            if count > LINES_MAX:
                raise BadFile(_("行が多すぎます。%d行までに分けてください。") % LINES_MAX)
            cells = dict(zip(columns, map(plain, row), strict=False))
            yield reader.line_num, Cells(**cells), any(map(plain, row[len(columns) :]))
    except csv.Error:
        wrong = _('%d行目の " の数が合いません。') % reader.line_num
        raise BadFile(wrong) from None


def columns_of(row: Sequence[str]) -> Sequence[str]:
    """What the columns are by a heading; () when the line is no heading. Raises BadFile."""
    known = {folded(word): column for word, column in HEADINGS.items()}
    words = [folded(plain(cell)) for cell in row]
    while words and not words[-1]:
        words.pop()
    columns = [known[word] for word in words if word in known]
    if not columns or (words[0] not in known and folded(words[0]) in NETWORKS):
        return ()
    if len(columns) < len(words) or len(set(columns)) < len(columns):
        raise BadFile(_("見出しが読めません。見出しは %s です。") % ",".join(headings()))
    return columns


def headings() -> list[str]:
    """The heading as the page shows it."""
    return [_("ネットワーク"), _("端末ID"), _("名前"), _("機種"), _("製造番号"), "PAC", _("場所")]


def judge_line(
    cells: Cells, tenant: Tenant, types: Mapping[str, DeviceType]
) -> tuple[NewDevice | None, list[str]]:
    """The terminal of one line, or what is wrong with it."""
    reasons = faults_of_text(cells)
    space = NETWORKS.get(folded(cells.space))
    kind = types.get(folded(cells.type))
    if space is None:
        reasons.append(_("ネットワークは sigfox、lorawan、generic のどれかです。"))
    if kind is None:
        reasons.append(_("この名前の機種はありません。"))
    facts = Facts(pac=cells.pac, serial=cells.serial)
    address = cells.address
    if space is not None:
        try:
            address = clean_address(space, cells.address)
        except BadDevice as fault:
            reasons.append(str(fault))
        try:
            facts = clean_facts(space, facts)
        except BadDevice as fault:
            reasons.append(str(fault))
    if reasons or space is None or kind is None:
        return None, reasons
    new = NewDevice(tenant, cells.name, kind, space, address, cells.place, facts=facts)
    return new, reasons


def faults_of_text(cells: Cells) -> list[str]:
    """What is wrong with the cells as texts: empty, too long, formulas, control characters."""
    reasons = []
    texts = [getattr(cells, column) for column in COLUMNS]
    if not cells.name:
        reasons.append(_("名前がありません。"))
    longest = {
        cells.name: Device._meta.get_field("name").max_length,
        cells.serial: Thing._meta.get_field("serial").max_length,
        cells.place: Site._meta.get_field("name").max_length,
    }
    reasons += [
        _("「%(text)s…」は長すぎます。%(n)d文字までです。") % {"text": text[:10], "n": most}
        for text, most in longest.items()
        if most and len(text) > most
    ]
    if any(text.startswith(FORMULA_STARTS) for text in texts):
        reasons.append(_("= や @ で始まる値は、表計算の式になるので登録できません。"))
    if any(unicodedata.category(char) in {"Cc", "Cs"} for text in texts for char in text):
        reasons.append(_("改行などの制御文字が入っています。"))
    return reasons


def taken_addresses(addresses: Sequence[str]) -> dict[tuple[str, str], int]:
    """Which of the addresses are in service, by network; the 0 stands for the register."""
    wanted = {
        spelled
        for address in addresses
        for space in Space
        if (spelled := spelling(space, address)) is not None
    }
    found = Device.objects.filter(retired_at=None, address__in=wanted)
    return dict.fromkeys(found.values_list("space", "address"), 0)


def key_of(cells: Cells) -> tuple[str, str] | None:
    """(network, address) in the register's spelling; None for what is no address."""
    space = NETWORKS.get(folded(cells.space))
    address = spelling(space, cells.address) if space else None
    return (space.value, address) if space and address else None


def spelling(space: str, address: str) -> str | None:
    """The register's spelling of an address; None for what is none."""
    try:
        spelled = clean_address(space, address)
    except BadDevice:
        return None
    return None if "\0" in spelled else spelled


def types_by_name() -> dict[str, DeviceType]:
    """All types by their Japanese and English names."""
    types = list(DeviceType.objects.all())
    return {folded(one.name_en): one for one in types if one.name_en} | {
        folded(one.name_ja): one for one in types
    }


def plain(cell: str) -> str:
    """The cell without blanks around it and without a spreadsheet's ="…"."""
    text = cell.strip()
    quoted = QUOTED.match(text)
    return quoted[1].strip() if quoted else text


def folded(word: str) -> str:
    """A word as it is compared: full-width and capital letters count like plain ones."""
    return unicodedata.normalize("NFKC", word).strip().casefold()
