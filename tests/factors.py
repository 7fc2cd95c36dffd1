"""Second factors for the people of tests."""

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value

from noroshi.tenants.models import User

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PERIOD_S = 30


def give_app(user: User) -> Authenticator:
    """The person has a code app with SECRET."""
    return TOTP.activate(user, SECRET).instance


def give_spare_codes(user: User) -> list[str]:
    """The person has a list of spare codes."""
    return list(RecoveryCodes.activate(user).get_unused_codes())


def code_at(epoch_s: float, secret: str = SECRET) -> str:
    """What the app shows at this moment."""
    return format_hotp_value(hotp_value(secret, int(epoch_s) // PERIOD_S))
