"""The numbers of an app's codes: each is good once, and none after a later one."""

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.mfa.utils import decrypt
from django.db import transaction


@transaction.atomic
def use_up(factor: Authenticator, code: str) -> bool:
    """Keep the number of this code; False when it, or a later one, was used before."""
    row = Authenticator.objects.select_for_update().get(pk=factor.pk)
    secret = decrypt(row.data["secret"])
    wanted = code.replace(" ", "")
    fresh = [
        counter
        for counter in yield_hotp_counters_from_time()
        if format_hotp_value(hotp_value(secret, counter)) == wanted
        and counter > row.data.get("used", 0)
    ]
    if not fresh:
        return False
    row.data["used"] = fresh[0]
    row.save(update_fields=["data"])
    factor.data = row.data
    return True


def next_code(factor: Authenticator) -> str:
    """The code that would be taken now: only for the demo, which has no phone."""
    secret = decrypt(factor.data["secret"])
    counters = [one for one in yield_hotp_counters_from_time() if one > factor.data.get("used", 0)]
    return format_hotp_value(hotp_value(secret, counters[0])) if counters else ""
