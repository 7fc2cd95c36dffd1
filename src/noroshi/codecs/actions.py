"""Save codecs: each change is a new version, checked before it is in force."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from noroshi.codecs.models import Codec, CodecVersion
from noroshi.codecs.sandbox import check_source
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor


class BadCodec(ValueError):
    """The source cannot be a codec; the message says where and why."""


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A text for a codec and why it was changed."""

    source: str
    note: str = ""


def make_codec(name: str, kind: str, first: NewVersion, *, by: Actor, now: datetime) -> Codec:
    """Make a codec with its first version."""
    with transaction.atomic():
        codec = Codec.objects.create(name=name.strip(), kind=kind)
        add_version(codec, first, by=by, now=now)
    return codec


def add_version(codec: Codec, new: NewVersion, *, by: Actor, now: datetime) -> CodecVersion:
    """Put a new text in force for the uplinks that come from now on; raises BadCodec."""
    source = new.source.replace("\r\n", "\n")
    wrong = check_source(codec.kind, source)
    if wrong:
        raise BadCodec(wrong)
    with transaction.atomic():
        Codec.objects.select_for_update().get(pk=codec.pk)
        last = codec.versions.order_by("-number").first()
        version = CodecVersion.objects.create(
            codec=codec,
            number=last.number + 1 if last else 1,
            source=source,
            note=new.note.strip(),
            created_at=now,
            created_by=by.user,
        )
        audit.record(by, "codec.saved", codec, now=now, details={"version": version.number})
    return version
