"""The journal of what must go out, the ledger of every try, and what came back."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from noroshi.outbox.channels import Channel
from noroshi.tenants.models import Tenant, User


class Charset(models.TextChoices):
    """In which characters a mail goes."""

    UTF_8 = "utf-8", _("ふつう（UTF-8）")
    ISO_2022_JP = "iso-2022-jp", _("古い機種向け（ISO-2022-JP）")


class Message(models.Model):
    """One mail or webhook to one recipient, written with its cause and sent afterwards.

    A webhook's address is its URL, its body the JSON that is posted.
    """

    class State(models.TextChoices):
        """Where the message stands."""

        WAITING = "waiting", _("送信待ち")
        SENT = "sent", _("送信済")
        GIVEN_UP = "given_up", _("送信中止")
        BOUNCED = "bounced", _("不達")  # taken by a server, and sent back by another
        HELD = "held", _("送信せず")

    class Reason(models.TextChoices):
        """Why a message is held."""

        STOPPED = "stopped", _("続けて届かなかったため、この宛先への送信を止めています")
        UNCONFIRMED = "unconfirmed", _("宛先の人が、まだ受け取りを確認していません")
        DECLINED = "declined", _("宛先の人が、受け取りを断りました")
        UNTESTED = "untested", _("テスト送信が、まだ成功していません")

    class Failure(models.TextChoices):
        """What a refusal or a bounce says of the address."""

        HARD = "hard", _("宛先が使えない")
        SOFT = "soft", _("一時的")
        POLICY = "policy", _("受け取りの方針で断られた")

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True)
    channel = models.CharField(
        max_length=10, choices=Channel, default=Channel.MAIL, db_default=Channel.MAIL
    )
    kind = models.CharField(max_length=40)
    about = models.CharField(max_length=100, blank=True)
    address = models.CharField(_("宛先"), max_length=254)
    subject = models.CharField(_("件名"), max_length=200)
    body = models.TextField(_("本文"))
    message_id = models.CharField(max_length=200, unique=True)
    thread_id = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=5, default="ja")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_answer = models.CharField(max_length=500, blank=True)
    sent_at = models.DateTimeField(null=True)
    # So that the sender asks for files only where there are some: few mails have any.
    reason = models.CharField(max_length=20, choices=Reason, blank=True, db_default="")
    charset = models.CharField(max_length=20, choices=Charset, db_default=Charset.UTF_8)
    failure = models.CharField(max_length=10, choices=Failure, blank=True, db_default="")
    has_attachments = models.BooleanField(db_default=False)

    class Meta:
        indexes = [
            # The senders' only questions: which waiting mail is due first, and which of a webhook?
            models.Index(
                fields=["due_at"],
                condition=models.Q(state="waiting", channel="mail"),
                name="mail_due",
            ),
            models.Index(
                fields=["tenant", "address", "due_at"],
                condition=models.Q(state="waiting", channel="webhook"),
                name="webhook_due",
            ),
            # The tenant's mail log, newest first.
            models.Index(fields=["tenant", "-created_at"], name="message_of_tenant"),
            # All mails of one incident.
            models.Index(fields=["about"], name="message_about"),
            # What became of the mails to one address, newest first?
            models.Index(fields=["address", "-created_at"], name="message_to_address"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {self.address}"


class Attachment(models.Model):
    """A small file that goes with a message, and goes away with it."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=100)
    content_type = models.CharField(max_length=60)
    body = models.BinaryField()

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One try to send a message, with what the other server answered."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deliveries")
    at = models.DateTimeField()
    # sent, refused, deferred, unreachable, ambiguous; and what came back: bounced, delayed
    outcome = models.CharField(max_length=20)
    code = models.PositiveSmallIntegerField(null=True)
    answer = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"{self.outcome} {self.code or ''}"


class Standing(models.Model):
    """What is known of one address to which a tenant's mails go; most addresses have no row."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    address = models.CharField(max_length=254)
    stopped_at = models.DateTimeField(null=True)  # None: mails go there
    # What came back last.
    answer = models.CharField(max_length=500, blank=True, db_default="")
    counted_from = models.DateTimeField(null=True)  # bounces of older mails are forgiven
    charset = models.CharField(max_length=20, choices=Charset, db_default=Charset.UTF_8)
    # Its odd local part, as old carriers gave them out, arrives in quotation marks only.
    is_quoted = models.BooleanField(default=False, db_default=False)
    # Does the person want the mails? Nobody was asked while `asked_at` is None.
    asked_at = models.DateTimeField(null=True)
    asked_count = models.PositiveSmallIntegerField(default=0, db_default=0)
    confirmed_at = models.DateTimeField(null=True)
    declined_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # However many bounces are worked on at once, an address is stopped once.
            models.UniqueConstraint(fields=["tenant", "address"], name="one_standing_per_address"),
        ]
        indexes = [
            # How many were asked for a tenant today?
            models.Index(fields=["tenant", "asked_at"], name="standing_asked"),
        ]

    def __str__(self) -> str:
        return self.address


class Hook(models.Model):
    """The secrets of one webhook, and how its receiver fares; its messages name its URL.

    A webhook that is taken off leaves no row; what waited for it is given up.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    address = models.CharField(max_length=254)
    secret = models.TextField()  # sealed
    shown_at = models.DateTimeField(null=True)  # when somebody last was given the secret
    old_secret = models.TextField(blank=True, db_default="")  # sealed; signs too, until then
    old_until = models.DateTimeField(null=True)
    misses = models.PositiveSmallIntegerField(db_default=0)  # failures in a row
    rest_until = models.DateTimeField(null=True)  # nothing is tried before
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "address"], name="one_hook_per_address"),
        ]

    def __str__(self) -> str:
        return self.address


class Incoming(models.Model):
    """One mail that came in, kept as it was before its sender was told so."""

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting", _("処理待ち")
        DONE = "done", _("処理済み")  # understood by the house
        KEPT = "kept", _("要確認")  # waits for a person of the office
        CLOSED = "closed", _("確認済み")

    class Kind(models.TextChoices):
        """What it is."""

        BOUNCE = "bounce", _("不達の知らせ")
        DELAY = "delay", _("遅れの知らせ")
        AUTOMATIC = "automatic", _("自動応答")
        REPLY = "reply", _("返信")
        OTHER = "other", _("その他")

    received_at = models.DateTimeField()
    peer = models.CharField(max_length=50)
    sender = models.CharField(max_length=320, blank=True)  # of the envelope; empty: a machine
    recipient = models.CharField(max_length=320)
    size = models.PositiveIntegerField()  # bytes, as it came
    raw = models.BinaryField()  # once it is understood only the beginning
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    kind = models.CharField(max_length=10, choices=Kind, blank=True)
    message = models.ForeignKey(
        Message, on_delete=models.SET_NULL, null=True, related_name="answers"
    )
    tries = models.PositiveSmallIntegerField(default=0)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True)

    class Meta:
        indexes = [
            # What has to be worked on, by machine or by people, oldest first?
            models.Index(
                fields=["state", "id"],
                condition=models.Q(state__in=("waiting", "kept")),
                name="incoming_open",
            ),
            # Which are past their time?
            models.Index(fields=["received_at"], name="incoming_received"),
        ]

    def __str__(self) -> str:
        return f"{self.sender} → {self.recipient}"
