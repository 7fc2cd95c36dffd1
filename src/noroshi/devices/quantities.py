"""Ask what types measure, and what the facts mean that networks report under keys of their own."""

from collections.abc import Collection, Iterator

from noroshi.devices.models import Quantity

LAST = 9000  # facts of the network stand behind everything that a type measures
OWN_HEAT = "temperature"  # a Sigfox STATUS tells how warm the terminal itself is


def quantities_of(type_ids: Collection[int]) -> dict[tuple[int, str], Quantity]:
    """(type id, key) → quantity: the types' own, and unsaved ones for what networks report.

    A type's own quantity wins. One query.
    """
    own = own_quantities_of(type_ids)
    speaking = {type_id for type_id, _key in own}
    reported = {
        (type_id, quantity.key): quantity
        for type_id in type_ids
        for quantity in reported_by_networks(is_measured=type_id not in speaking)
    }
    return reported | own


def own_quantities_of(type_ids: Collection[int]) -> dict[tuple[int, str], Quantity]:
    """(type id, key) → quantity, of what the types themselves name. One query."""
    found = Quantity.objects.filter(type__in=type_ids)
    return {(quantity.type_id, quantity.key): quantity for quantity in found}


def reported_by_networks(*, is_measured: bool) -> Iterator[Quantity]:
    """The keys that adapters in `networks` put beside a payload, in the words of people.

    `is_measured`: the type names nothing, so a temperature may well be what it measures.
    """
    number, boolean, position = Quantity.Kind.NUMBER, Quantity.Kind.BOOLEAN, Quantity.Kind.POSITION
    yield made("battery_percent", "電池残量", "Battery", number, ("%", 0, 0))
    yield made("battery_volt", "電池電圧", "Battery voltage", number, ("V", 2, 1))
    power = made("external_power", "外部電源", "External power", boolean, ("", 0, 2))
    power.true_ja, power.false_ja, power.true_en, power.false_en = "あり", "なし", "yes", "no"
    yield power
    yield made("link_margin_db", "電波の余裕", "Link margin", number, ("dB", 0, 3))
    if is_measured:
        yield made(OWN_HEAT, "温度", "Temperature", number, ("℃", 1, -LAST))
    else:
        yield made(OWN_HEAT, "端末の温度", "Terminal temperature", number, ("℃", 1, 4))
    yield made("location", "位置", "Position", position, ("", 5, 5))


def made(
    key: str, name_ja: str, name_en: str, kind: Quantity.Kind, written: tuple[str, int, int]
) -> Quantity:
    """A quantity of no type; `written` is its unit, its decimals and its place behind LAST."""
    unit, decimals, place = written
    return Quantity(
        key=key, name_ja=name_ja, name_en=name_en, kind=kind, unit=unit,
        decimals=decimals, position=LAST + place,
    )  # fmt: skip


def is_reported(quantity: Quantity) -> bool:
    """Whether a network reports it, now and then, beside what the type measures."""
    return quantity.position >= LAST


def is_aside(quantity: Quantity) -> bool:
    """Whether it is about radio and battery rather than about what the device watches."""
    return quantity.key.startswith("battery") or is_reported(quantity)
