"""Acts of the office that wait for a second person, and what became of each."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from noroshi.tenants.models.codes import new_code
from noroshi.tenants.models.people import User


class Act(models.TextChoices):
    """The closed list of what one person of the office does not do alone."""

    KIND_SWITCH = "kind_switch", _("サービス種別の変更")
    STAFF_ADDED = "staff_added", _("事務局の人の追加")
    STAFF_ROLES = "staff_roles", _("事務局の役割の変更")
    UNFREEZE = "unfreeze", _("緊急停止の解除")
    SUBCONTRACTOR_VISIT = "subcontractor_visit", _("委託先の閲覧の許可")
    VIOLATION_CONFIRMED = "violation_confirmed", _("利用停止に当たる違反の確定")


class Approval(models.Model):
    """One act that somebody asked for: `text` is exactly what both persons read.

    The database itself refuses that the asker decides; only the asker takes it back.
    """

    class State(models.TextChoices):
        """What became of it; one that waits past `expires_at` can only be asked for anew."""

        WAITING = "waiting", _("承認待ち")
        APPROVED = "approved", _("承認")
        REFUSED = "refused", _("否認")
        WITHDRAWN = "withdrawn", _("取下げ")

    code = models.CharField(max_length=20, unique=True, default=new_code)
    act = models.CharField(max_length=30, choices=Act)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    payload = models.JSONField(default=dict)
    reason = models.CharField(max_length=500)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            # Four eyes: who asks never approves and never refuses; only who asked takes back.
            models.CheckConstraint(
                condition=models.Q(state="waiting", decided_by=None, decided_at=None)
                | (
                    models.Q(state__in=["approved", "refused"], decided_at__isnull=False)
                    & models.Q(decided_by__isnull=False)
                    & ~models.Q(decided_by=models.F("asked_by"))
                )
                | models.Q(
                    state="withdrawn",
                    decided_at__isnull=False,
                    decided_by=models.F("asked_by"),
                ),
                name="nobody_approves_the_own_act",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("at")), name="approval_ends_after_begun"
            ),
        ]
        indexes = [
            # The badge and the list: what waits, the oldest first?
            models.Index(fields=["state", "expires_at"], name="approvals_waiting"),
            # The history, newest first, and the pruner.
            models.Index(fields=["-at"], name="approvals_by_age"),
        ]

    def __str__(self) -> str:
        return self.subject
