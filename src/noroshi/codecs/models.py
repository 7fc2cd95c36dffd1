"""Codecs and their versions: what turned bytes into values, and when it changed."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from noroshi.tenants.models import User

SOURCE_CHARS_MAX = 128 * 1024


class Codec(models.Model):
    """A way to read payloads; its text lives in versions, so that history stays explained."""

    class Kind(models.TextChoices):
        """The language the codec is written in."""

        JAVASCRIPT = "javascript", "JavaScript (TS013)"
        SIGFOX_GRAMMAR = "sigfox_grammar", _("Sigfox ペイロード設定")
        CAYENNE_LPP = "cayenne_lpp", "Cayenne LPP"
        NETWORK = "network", _("ネットワーク側で変換済み")

    name = models.CharField(_("名前"), max_length=100, unique=True)
    kind = models.CharField(_("種類"), max_length=20, choices=Kind)

    def __str__(self) -> str:
        return self.name


class CodecVersion(models.Model):
    """One text of a codec; the highest number is in force for new uplinks."""

    codec = models.ForeignKey(Codec, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    source = models.TextField(_("ソース"), max_length=SOURCE_CHARS_MAX, blank=True)
    note = models.CharField(_("変更の説明"), max_length=200, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True)

    class Meta:
        constraints = [
            # A number names one text for ever.
            models.UniqueConstraint(fields=["codec", "number"], name="one_text_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.codec_id} v{self.number}"
