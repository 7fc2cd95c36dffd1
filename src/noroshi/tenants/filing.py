"""Papers kept as proof: judged by their bytes, not by their names; never changed afterwards."""

import hashlib
import unicodedata
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce, Length
from django.utils.translation import gettext as _

from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Paper, Party

NAME_CHARS_MAX = 200
TAIL_BYTES = 1024  # where a PDF says that it ends
PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
ENDINGS = {PDF: ".pdf", PNG: ".png", JPEG: ".jpg"}


class BadPaper(ValueError):
    """The file cannot be kept; the message is for the person who sent it."""


@transaction.atomic
def keep(name: str, body: bytes, *, party: Party, by: Actor, now: datetime) -> Paper:
    """File a PDF, PNG or JPEG of at most Paper.SIZE_MAX bytes; raises BadPaper.

    A party has at most Paper.COUNT_MAX papers of Paper.BYTES_MAX bytes in all.
    """
    if len(body) > Paper.SIZE_MAX:
        raise BadPaper(_("5MB以下のファイルにしてください。"))
    kind = kind_of(body)
    if not kind:
        raise BadPaper(_("PDF・PNG・JPEG のファイルを選んでください。"))
    check_room(party, len(body))
    paper = Paper.objects.create(
        party=party,
        name=plain_name(name, kind),
        content_type=kind,
        sha256=hashlib.sha256(body).hexdigest(),
        body=body,
        kept_at=now,
    )
    details = {"sha256": paper.sha256, "bytes": len(body)}
    audit.record(by, "paper.kept", paper, now=now, details=details)
    return paper


def check_room(party: Party, size: int) -> None:
    """Raise BadPaper when the party has no room for so many bytes more; holds the party's row."""
    Party.objects.select_for_update(no_key=True).get(pk=party.pk)
    kept = Paper.objects.filter(party=party).aggregate(
        count=Count("pk"), bytes=Coalesce(Sum(Length("body")), 0)
    )
    if kept["count"] >= Paper.COUNT_MAX or kept["bytes"] + size > Paper.BYTES_MAX:
        raise BadPaper(
            _("この取引先の書類は%(n)d件・%(mb)dMBまでです。")
            % {
                "n": Paper.COUNT_MAX,
                "mb": Paper.BYTES_MAX // 1_000_000,
            }
        )


def hand_out(paper: Paper, *, by: Actor, now: datetime) -> bytes:
    """The bytes of a paper as they were filed, and a line of who took them."""
    body = bytes(paper.body)
    if hashlib.sha256(body).hexdigest() != paper.sha256:
        raise BadPaper(_("保管したときの内容と一致しません。管理者に知らせてください。"))
    audit.record(by, "paper.read", paper, now=now, details={"sha256": paper.sha256})
    return body


def kind_of(body: bytes) -> str:
    """The content type that the bytes themselves show, or "" for any other."""
    if body.startswith(b"%PDF-") and b"%%EOF" in body[-TAIL_BYTES:]:
        return PDF
    if body.startswith(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR") and body.endswith(b"IEND\xaeB`\x82"):
        return PNG
    if body.startswith(b"\xff\xd8\xff") and body.rstrip(b"\0").endswith(b"\xff\xd9"):
        return JPEG
    return ""


def plain_name(name: str, kind: str) -> str:
    """A sender's file name made harmless: no folder, no invisible letters, the ending of its kind.

    It is for people only: no file of this name is ever written on this machine.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(one for one in last if unicodedata.category(one)[0] not in "CZ" or one == " ")
    stem = shown.rpartition(".")[0] or shown
    ending = ENDINGS[kind]
    return (stem.strip(" .")[: NAME_CHARS_MAX - len(ending)] or "paper") + ending
