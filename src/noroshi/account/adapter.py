"""Where the sign-in library asks the house: words, addresses, mails, who may come in, sealing."""

import io
from typing import cast

import segno
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import login as start_session
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from noroshi.account import arrival, mails, sealing
from noroshi.tenants import accounts, factors, recent, sessions
from noroshi.tenants.models import User
from noroshi.tenants.sign_ins import address_of

BACKEND = "noroshi.account.backend.Passwords"
QR_MODULE_PX = 5
NOT_THIS_CODE = gettext_lazy(
    "コードが違うか、使い終わったコードです。新しいコードを入力してください。"
    "続くときは、スマートフォンの時計が合っているか確かめてください。"
)
TOO_OFTEN = gettext_lazy(
    "続けて間違えたため、少しのあいだ受け付けません。5分ほどたってからお試しください。"
)


class People(DefaultAccountAdapter):  # type: ignore[misc]
    """The library's questions about people."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "incorrect_password": gettext_lazy("パスワードが違います。"),
        "too_many_login_attempts": TOO_OFTEN,
        "rate_limited": TOO_OFTEN,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Never: the provider issues every user id."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: object) -> None:
        """Wrong passwords are counted in one place: by id and address, and by id (tries.py)."""

    def pre_login(self, request: HttpRequest, user: User, **_rest: object) -> HttpResponse | None:
        """Refuse who may not come in, whatever was proved."""
        refused = accounts.may_sign_in(user, now=timezone.now())
        if refused is None:
            return None
        clear_login(request)
        return arrival.refuse(request, user, refused)

    def login(self, request: HttpRequest, user: User) -> None:
        """All was proved: a new session, under a new key."""
        way = arrival.way_in(recent.records_of(request, user))
        now = timezone.now()
        start_session(request, user, backend=BACKEND)
        sessions.begin(request, user, now=now)
        arrival.welcome(request, user, way, now=now)

    def post_login(self, request: HttpRequest, user: User, **rest: object) -> HttpResponse:
        """Lead on, and leave the browser a mark by which it is known next time."""
        answer = cast(HttpResponse, super().post_login(request, user, **rest))
        arrival.mark(request, answer)
        return answer

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Home, or the change of the initial password."""
        is_first = isinstance(request.user, User) and request.user.must_change_password
        return reverse("first-password" if is_first else "home")

    def get_client_ip(self, request: HttpRequest) -> str:
        """The one reckoning of addresses in the house."""
        return address_of(request) or "::"

    def add_message(self, *args: object, **kwargs: object) -> None:
        """The pages say themselves what happened; only errors are passed on."""
        if kwargs.get("message"):
            super().add_message(*args, **kwargs)

    def send_notification_mail(
        self, template_prefix: str, user: User, *_args: object, **_kwargs: object
    ) -> None:
        """A factor was added or taken away: tell its owner, through the outbox."""
        mails.post_change(user, template_prefix.rpartition("/")[2], now=timezone.now())

    def get_reauthentication_methods(self, user: object) -> list[dict[str, object]]:
        """One page asks again, by whatever the person has."""
        if not isinstance(user, User):
            return []
        return [{"id": "confirm", "description": _("本人の確認"), "url": reverse("confirm")}]

    def is_reauthentication_required(self, *, app: str, **_rest: object) -> bool:  # noqa: ARG002
        """The house's own five minutes."""
        return not recent.is_recent(self.request)


class Proofs(DefaultMFAAdapter):  # type: ignore[misc]
    """The library's questions about second factors."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": NOT_THIS_CODE,
        "cannot_delete_authenticator": gettext_lazy(
            "最後の二つ目の確認は外せません。先に、ほかの方法を加えてください。"
        ),
        "cannot_generate_recovery_codes": gettext_lazy(
            "予備のコードを作る前に、確認アプリかパスキーを設定してください。"
        ),
    }

    def encrypt(self, text: str) -> str:
        """Sealed under a key made from the secret key."""
        return sealing.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Opened again; an older secret key will do."""
        return sealing.unseal(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """The last one stays where one is compulsory, or the password is short."""
        return not factors.refusal_of(authenticator)

    def get_totp_label(self, user: User) -> str:
        """The user id: what the person signs in with."""
        return user.login

    def build_totp_svg(self, url: str) -> str:
        """The QR code that a phone reads."""
        drawn = io.BytesIO()
        made = segno.make(url, micro=False)
        made.save(drawn, kind="svg", scale=QR_MODULE_PX, border=4, light="#fff", xmldecl=False)
        return drawn.getvalue().decode()

    def _get_site_name(self) -> str:
        return str(settings.MFA_TOTP_ISSUER)

    def _get_user_identifier(self, user: User) -> str:
        return user.login

    def generate_authenticator_name(self, user: User, type: str) -> str:  # noqa: A002
        """What a passkey is called when nobody names it."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("パスキー %(number)d") % {"number": count + 1}
