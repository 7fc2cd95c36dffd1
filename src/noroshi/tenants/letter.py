"""The letter that hands over an initial password: a PDF made once, printed, kept nowhere."""

import urllib.parse
from datetime import datetime
from email.utils import parseaddr
from pathlib import Path
from zoneinfo import ZoneInfo

import segno
from django.conf import settings
from django.urls import reverse
from django.utils import formats, translation
from django.utils.translation import gettext as _

from noroshi.base import papers
from noroshi.tenants.accounts import Handed
from noroshi.tenants.models import Tenant, User

TEMPLATE = Path(__file__).parent / "papers" / "letter.typ"
ZONE = ZoneInfo("Asia/Tokyo")
CONTENT_TYPE = "application/pdf"


def letter(handed: Handed, tenant: Tenant | None, *, now: datetime) -> bytes:
    """The PDF in the person's language. Raises papers.PaperError."""
    return papers.render(TEMPLATE, contents(handed, tenant, now=now))


def file_name(handed: Handed) -> str:
    """What the browser calls the file: the user id only."""
    return f"noroshi-{handed.user.login}.pdf"


def contents(handed: Handed, tenant: Tenant | None, *, now: datetime) -> dict[str, object]:
    """Everything the template says."""
    user = handed.user
    with translation.override(user.language):
        return {
            "made_at": now,
            "language": user.language,
            **_head(user, tenant, now),
            **_secret(handed),
            **_steps(user),
        }


def _head(user: User, tenant: Tenant | None, now: datetime) -> dict[str, object]:
    name, address = parseaddr(settings.MAIL_FROM)
    provider = name or "Noroshi"
    ask = _("ご不明な点は、%(provider)sの窓口（%(address)s）へお尋ねください。")
    return {
        "title": _("利用者IDと初期パスワードのお知らせ"),
        "provider": provider,
        "footer": user.login,
        "addressee": _addressee(tenant, provider),
        "person": _("%(name)s様") % {"name": user.name},
        "date": day(now),
        "opening": _(
            "サービスをお使いいただくための利用者IDと、最初のログインに使うパスワードをお届けします。"
        ),
        "ask_title": _("お問い合わせ"),
        "ask": ask % {"provider": provider, "address": address},
    }


def _addressee(tenant: Tenant | None, provider: str) -> list[str]:
    if tenant is None:
        return [provider]
    party = tenant.party
    if party is None:
        return [tenant.name]
    postcode = f"〒{party.postcode}" if party.postcode else ""
    return [line for line in (postcode, party.address, party.name) if line]


def _secret(handed: Handed) -> dict[str, object]:
    until = _("この初期パスワードは%(day)sまで使えます。変更すると使えなくなります。") % {
        "day": day(handed.credential.expires_at)
    }
    return {
        "login_label": _("利用者ID"),
        "login": handed.user.login,
        "password_label": _("初期パスワード"),
        "password": handed.secret,
        "letters": _("小文字と数字だけです（i l o 0 1 はありません）。「-」も入れます。"),
        "until": until,
    }


def _steps(user: User) -> dict[str, object]:
    address = sign_in_address()
    query = urllib.parse.urlencode({"id": user.login})
    return {
        "qr": segno.make(f"{address}?{query}", error="m").svg_inline(border=2, omitsize=True),
        "qr_alt": _("ログイン画面のQRコード"),
        "qr_words": _("ログイン画面を開く"),
        "steps_title": _("はじめ方"),
        "steps": [
            _("QRコードを読み取るか、下のアドレスを開いて、ログイン画面を出します。"),
            _("利用者IDと初期パスワードを入れてログインします。"),
            _("「初期パスワードの変更」が出ます。ご自分のパスワードに変えると、使い始められます。"),
        ],
        "address_label": _("ログイン画面:"),
        "address": address,
        "care_title": _("お願い"),
        "care": [
            _(
                "新しいパスワードは15文字以上にしてください。言葉をいくつか並べると覚えやすくなります。"
            ),
            _(
                "パスワードは、家族や同僚を含め、だれにも教えないでください。事務局がお尋ねすることもありません。"
            ),
            _("変更が済んだら、この手紙は細かく切って捨ててください。"),
        ],
    }


def sign_in_address() -> str:
    """Where people sign in, as printed."""
    return f"{settings.BASE_URL}{reverse(settings.LOGIN_URL)}"


def day(at: datetime) -> str:
    """A calendar day in Japan, in the language in force."""
    return formats.date_format(at.astimezone(ZONE), "DATE_FORMAT")
