"""Which backups stay: the newest of each of the last days and of each of the last weeks."""

import shutil
from collections.abc import Collection, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from noroshi.jobs.backing.manifest import Backup

JST = ZoneInfo("Asia/Tokyo")


def kept(times: Sequence[datetime], *, daily: int, weekly: int) -> set[datetime]:
    """Those of the times that stay; days and weeks are Japan's, and the newest always stays."""
    newest_first = sorted(times, reverse=True)
    days: dict[object, datetime] = {}
    weeks: dict[object, datetime] = {}
    for time in newest_first:
        day = time.astimezone(JST).date()
        days.setdefault(day, time)
        weeks.setdefault(day.isocalendar()[:2], time)
    stays = [*list(days.values())[:daily], *list(weeks.values())[:weekly], *newest_first[:1]]
    return set(stays)


def prune(
    backups: Sequence[Backup], *, daily: int, weekly: int, also: Collection[Backup] = ()
) -> list[Backup]:
    """Remove those that need not stay, and are not among `also`; returns them."""
    stays = kept([one.manifest.made_at for one in backups], daily=daily, weekly=weekly)
    gone = [one for one in backups if one.manifest.made_at not in stays and one not in also]
    for one in gone:
        shutil.rmtree(one.folder)
    return gone
