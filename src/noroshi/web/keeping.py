"""What pages say of the time that data are kept."""

from datetime import datetime

from django.utils.translation import gettext as _

from noroshi.readings import days
from noroshi.retention.scope import Resolver, by_tenant, source_words
from noroshi.tenants.models import Membership


def keeping_of(member: Membership, now: datetime, resolver: Resolver = by_tenant) -> str:
    """保存期間: 2027-11-22 以降のデータ（規約 第5条第1項）; empty when everything is kept."""
    today = days.day_of(now)
    scope = resolver([member.tenant_id], today).get(member.tenant_id)
    if scope is None:
        return ""
    return _("保存期間: %(day)s 以降のデータ（%(source)s）") % {
        "day": scope.first_kept(today).isoformat(),
        "source": source_words(scope.source),
    }
