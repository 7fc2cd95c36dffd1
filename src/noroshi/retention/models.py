"""What is to go and what went: plans, their lines and notices, runs, and holds that stop them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from noroshi.retention.scope import period_words, source_words
from noroshi.tenants.models import Tenant, User
from noroshi.tenants.models.codes import new_code

REASON_CHARS_MAX = 200


class DeletionPlan(models.Model):
    """What of one contractor is to go: everything from before 0:00 of `cut` in Japan.

    `period` and `source` are the scope that made the plan: the trace of why it may be deleted.
    """

    class State(models.TextChoices):
        """A plan's life; only an open one can run."""

        OPEN = "open", _("予定")
        DONE = "done", _("削除済み")
        CANCELLED = "cancelled", _("取りやめ")

    code = models.CharField(max_length=20, unique=True, default=new_code)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="deletion_plans")
    cut = models.DateField()
    run_on = models.DateField()
    period = models.CharField(max_length=40)
    source = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=100)
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=REASON_CHARS_MAX, blank=True)  # why it was cancelled

    class Meta:
        constraints = [
            # A contractor is told of one date at a time.
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(state="open"), name="one_open_deletion_plan"
            ),
        ]
        indexes = [
            # The lists of the office and of the contractor, newest first.
            models.Index(fields=["tenant", "-run_on"], name="deletion_plan_of_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.code} before {self.cut} on {self.run_on}"

    @property
    def period_words(self) -> str:
        """The period as people say it: 1年."""
        return period_words(self.period)

    @property
    def source_words(self) -> str:
        """Where the scope is written."""
        return source_words(self.source)


class DeletionLine(models.Model):
    """One terminal's month in a plan: what was counted, and what went, when it went.

    Names are kept as texts: a certificate outlives the terminal. `digest` is the SHA-256 of what
    was removed, in hexadecimal.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    plan = models.ForeignKey(DeletionPlan, on_delete=models.CASCADE, related_name="lines")
    device_code = models.CharField(max_length=20)
    device_name = models.CharField(max_length=200)
    month = models.DateField()
    readings = models.BigIntegerField()
    uplinks = models.BigIntegerField()
    texts = models.BigIntegerField()
    removed_readings = models.BigIntegerField(null=True)
    removed_uplinks = models.BigIntegerField(null=True)
    removed_texts = models.BigIntegerField(null=True)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            # A plan counts a terminal's month once.
            models.UniqueConstraint(
                fields=["plan", "device_code", "month"], name="one_line_per_device_and_month"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device_name} {self.month:%Y-%m}"


class DeletionNotice(models.Model):
    """One telling of a plan: a mail, or a letter that the office noted (then `note` says so)."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    plan = models.ForeignKey(DeletionPlan, on_delete=models.CASCADE, related_name="notices")
    days_before = models.PositiveSmallIntegerField()
    message_id = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    note = models.CharField(max_length=REASON_CHARS_MAX, blank=True)

    class Meta:
        constraints = [
            # Each mail is noted once.
            models.UniqueConstraint(
                fields=["plan", "message_id"],
                condition=~models.Q(message_id=""),
                name="one_notice_per_mail",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.days_before} days before"


class DeletionRun(models.Model):
    """What a plan did, in the transaction that did it; there is no run without its plan."""

    code = models.CharField(max_length=20, unique=True, default=new_code)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    plan = models.OneToOneField(DeletionPlan, on_delete=models.CASCADE, related_name="run")
    at = models.DateTimeField()
    operator = models.CharField(max_length=100)
    cut = models.DateField()
    period = models.CharField(max_length=40)
    source = models.CharField(max_length=200)
    readings = models.BigIntegerField()
    uplinks = models.BigIntegerField()
    texts = models.BigIntegerField()
    digest = models.CharField(max_length=64)  # over the digests of the lines, in their order

    def __str__(self) -> str:
        return f"{self.code} {self.at:%Y-%m-%d}"


class Hold(models.Model):
    """Nothing of this contractor is deleted while a hold is in force."""

    code = models.CharField(max_length=20, unique=True, default=new_code)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="holds")
    reason = models.CharField(_("理由"), max_length=REASON_CHARS_MAX)
    placed_at = models.DateTimeField()
    placed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    placed_from = models.CharField(max_length=100, blank=True)  # the operator at a terminal
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    lifted_from = models.CharField(max_length=100, blank=True)
    lift_reason = models.CharField(max_length=REASON_CHARS_MAX, blank=True)

    class Meta:
        indexes = [
            # The question before every deletion: is anything of this contractor held?
            models.Index(
                fields=["tenant"], condition=models.Q(lifted_at=None), name="hold_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id}: {self.reason}"
