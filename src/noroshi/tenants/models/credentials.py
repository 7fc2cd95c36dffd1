"""How people prove who they are, and every time they did or failed to."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from noroshi.tenants.models.people import User


class IssuedCredential(models.Model):
    """One handing-over of an initial password: by letter, or by a page that opens once.

    The secret itself is never here: a letter's is only in the user's password hash, a link's only
    as SHA-256.
    """

    class Way(models.TextChoices):
        """How it reaches the person; never by mail."""

        LETTER = "letter", _("手紙（PDF）")
        LINK = "link", _("一度だけ開ける画面")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="credentials")
    way = models.CharField(max_length=10, choices=Way)
    link_sha256 = models.CharField(max_length=64, blank=True)
    issued_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["link_sha256"],
                condition=~models.Q(link_sha256=""),
                name="one_credential_per_link",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.way}"


class KnownDevice(models.Model):
    """A browser that a person signed in from before, known by a random cookie."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="known_devices")
    cookie_sha256 = models.CharField(max_length=64)
    label = models.CharField(max_length=100)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "cookie_sha256"], name="known_device_once"),
        ]

    def __str__(self) -> str:
        return self.label


class SignIn(models.Model):
    """One try to sign in, kept for the contractor and the office to see. Append only."""

    class Outcome(models.TextChoices):
        """What came of it."""

        OK = "ok", _("成功")
        WRONG = "wrong", _("失敗")
        LOCKED = "locked", _("制限中")
        EXPIRED = "expired", _("初期パスワードの期限切れ")
        REFUSED = "refused", _("停止中")
        SIGNED_OUT = "signed_out", _("ログアウト")

    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="sign_ins")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome)
    method = models.CharField(max_length=20, blank=True)
    address = models.GenericIPAddressField(null=True)
    place = models.CharField(max_length=100, blank=True)
    device = models.CharField(max_length=100, blank=True)
    is_new_device = models.BooleanField(default=False)

    class Meta:
        indexes = [
            # The log of one person, newest first.
            models.Index(fields=["user", "-at"], name="sign_ins_of_user"),
            # The pruner: what is older than we keep?
            models.Index(fields=["at"], name="sign_ins_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.outcome}"


class AddressRange(models.Model):
    """Where a range of internet addresses is said to be; loaded by the operator."""

    first = models.GenericIPAddressField()
    last = models.GenericIPAddressField()
    place = models.CharField(max_length=100)

    class Meta:
        indexes = [models.Index(fields=["first"], name="range_by_first")]

    def __str__(self) -> str:
        return f"{self.first} {self.place}"
