"""One entry of the menu that a door hands to the layout."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NavItem:
    """A menu entry: `label` is already translated, `url` an address of this site.

    `badge` is a count shown in ember (0 hides it). `more` entries stand below on a desk and behind
    the menu button on a phone; give a phone at most four that are not `more`. `icon` is a name of
    `noroshi.ui.icons.ICONS`. `live_src` is where the badge is fetched anew when something changes.
    """

    label: str
    url: str
    current: bool = False
    badge: int = 0
    more: bool = False
    icon: str = ""
    live_src: str = ""
