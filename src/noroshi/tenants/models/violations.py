"""Breaches of the terms, booked on the contractor with the user named (terms, article 2(2))."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from noroshi.tenants.models.codes import new_code
from noroshi.tenants.models.parties import Paper
from noroshi.tenants.models.people import Enrolment, Tenant, User


class Violation(models.Model):
    """One breach as the office found it; the contractor sees it once it is confirmed.

    `enrolment` is the user who did it; empty = the contractor itself. The name stays as it was.
    """

    class State(models.TextChoices):
        """Found, then confirmed or cleared; a confirmed one is closed when it is mended."""

        OPEN = "open", _("調査中")
        CONFIRMED = "confirmed", _("確定")
        CLEARED = "cleared", _("違反なし")
        CLOSED = "closed", _("是正済み")

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="violations")
    code = models.CharField(max_length=20, unique=True, default=new_code)
    enrolment = models.ForeignKey(
        Enrolment, on_delete=models.PROTECT, null=True, blank=True, related_name="violations"
    )
    person_name = models.CharField(max_length=100, blank=True)
    what = models.TextField(_("違反の内容"))
    clause = models.CharField(_("規約の条項"), max_length=60)
    found_on = models.DateField(_("見つけた日"))
    evidence = models.TextField(_("証拠"))
    paper = models.ForeignKey(
        Paper, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    suspends = models.BooleanField(_("利用停止に当たる"), default=False)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closing = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="open", decided_at=None, closed_at=None)
                | models.Q(state="confirmed", decided_at__isnull=False, closed_at=None)
                | (
                    models.Q(state="cleared", decided_at__isnull=False, closed_at=None)
                    & ~models.Q(reason="")
                )
                | (
                    models.Q(state="closed", decided_at__isnull=False, closed_at__isnull=False)
                    & ~models.Q(closing="")
                ),
                name="violation_ends_with_a_reason",
            ),
            models.CheckConstraint(
                condition=~models.Q(what="") & ~models.Q(evidence="") & ~models.Q(clause=""),
                name="no_violation_without_evidence",
            ),
        ]
        indexes = [
            # The contractor's question, and the office's about one contractor: newest first?
            models.Index(fields=["tenant", "-at"], name="violations_of_tenant"),
            # The office's list: what is open?
            models.Index(fields=["state", "-at"], name="violations_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.clause} {self.found_on}"
