"""The journal of what must go out, and the ledger of every try."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from noroshi.tenants.models import Tenant


class Message(models.Model):
    """One mail to one recipient, written with its cause and sent afterwards."""

    class State(models.TextChoices):
        """Where the message stands."""

        WAITING = "waiting", _("送信待ち")
        SENT = "sent", _("送信済")
        GIVEN_UP = "given_up", _("送信中止")

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True)
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
    has_attachments = models.BooleanField(db_default=False)

    class Meta:
        indexes = [
            # The sender's only question: which waiting message is due first?
            models.Index(
                fields=["due_at"], condition=models.Q(state="waiting"), name="message_due"
            ),
            # The tenant's mail log, newest first.
            models.Index(fields=["tenant", "-created_at"], name="message_of_tenant"),
            # All mails of one incident.
            models.Index(fields=["about"], name="message_about"),
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
    outcome = models.CharField(max_length=20)  # sent, refused, deferred, unreachable, ambiguous
    code = models.PositiveSmallIntegerField(null=True)
    answer = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"{self.outcome} {self.code or ''}"
