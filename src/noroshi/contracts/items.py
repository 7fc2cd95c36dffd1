"""What a contract can license: the closed list of what the product has, and which kinds have it."""

from collections.abc import Collection, Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _

from noroshi.tenants.models import Switch


class Item(models.TextChoices):
    """One line of a condition sheet; which pages it opens stands at the door (web.licensed)."""

    DATA = "data", _("データの表示")
    CHART = "chart", _("グラフ")
    CSV = "csv", _("データ取り出し（CSV）")
    MAIL = "mail", _("メールの通知")
    DOWNLINK = "downlink", _("下り通信")


# A kind of service without the switch cannot license the item.
NEEDS: Mapping[Item, Switch] = {
    Item.DATA: Switch.HAS_DASHBOARD,
    Item.CHART: Switch.HAS_DASHBOARD,
    Item.CSV: Switch.HAS_CSV,
    Item.MAIL: Switch.HAS_MAIL,
    Item.DOWNLINK: Switch.HAS_DASHBOARD,
}
# What stays open for so long after the end as grace_days_after_end says: to look and take out.
AFTER_END = frozenset({Item.DATA, Item.CHART, Item.CSV})


def items_of(on: Collection[Switch]) -> frozenset[Item]:
    """Everything that a kind with these switches can license."""
    return frozenset(item for item, switch in NEEDS.items() if switch in on)
