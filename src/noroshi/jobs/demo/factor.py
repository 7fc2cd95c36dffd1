"""The demo's office has an authenticator app on a phone that nobody holds: the page shows it."""

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

from noroshi.tenants.models import User


def give_app(user: User) -> None:
    """Once; what a visitor of the demo set up himself stays."""
    if Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists():
        return
    app = TOTP.activate(user, generate_totp_secret()).instance
    app.data["demo"] = True
    app.save(update_fields=["data"])
