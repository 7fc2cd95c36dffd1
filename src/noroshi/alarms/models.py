"""Rules, their state, incidents and the people who are told."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from noroshi.devices.models import Device
from noroshi.tenants.models import Tenant, User, new_code


class Recipient(models.Model):
    """Somebody who gets mails; needs no account."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    code = models.CharField(max_length=20, unique=True, default=new_code)
    name = models.CharField(_("お名前"), max_length=100)
    address = models.CharField(_("メールアドレス"), max_length=254)
    language = models.CharField(
        _("メールの言語"), max_length=5, default="ja", choices=[("ja", "日本語"), ("en", "English")]
    )
    is_active = models.BooleanField(_("通知する"), default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            # One person gets a mail once.
            models.UniqueConstraint(fields=["tenant", "address"], name="one_recipient_per_address"),
        ]

    def __str__(self) -> str:
        return self.name


class Rule(models.Model):
    """An upper and a lower limit on one quantity of one device."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    code = models.CharField(max_length=20, unique=True, default=new_code)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="rules")
    key = models.CharField(_("項目"), max_length=80)
    upper = models.FloatField(_("上限"), null=True, blank=True)
    lower = models.FloatField(_("下限"), null=True, blank=True)
    margin = models.FloatField(_("復帰の幅"), default=0)
    hold_s = models.PositiveIntegerField(_("判定時間（秒）"), default=0)
    recipients = models.ManyToManyField(Recipient, related_name="rules", blank=True)
    is_active = models.BooleanField(_("有効"), default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            # A rule without a limit would never speak.
            models.CheckConstraint(
                condition=models.Q(upper__isnull=False) | models.Q(lower__isnull=False),
                name="rule_has_a_limit",
            ),
            models.CheckConstraint(condition=models.Q(margin__gte=0), name="margin_not_negative"),
        ]
        indexes = [
            # The spine's question: which rules watch these devices?
            models.Index(
                fields=["device"], condition=models.Q(is_active=True), name="rule_of_device"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device_id}.{self.key}"


class RuleState(models.Model):
    """What the judge knew after the last reading, so that the next one can be judged."""

    rule = models.OneToOneField(
        Rule, on_delete=models.CASCADE, primary_key=True, related_name="state"
    )
    phase = models.CharField(max_length=10, default="normal")  # normal, pending, alarm
    side = models.CharField(max_length=5, blank=True)  # upper, lower
    since = models.DateTimeField(null=True)
    judged_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.rule_id} {self.phase}"


class IncidentQuerySet(models.QuerySet["Incident"]):
    """What people ask about incidents."""

    def open_(self) -> "IncidentQuerySet":
        """Those that are not over."""
        return self.filter(closed_at=None)

    def of(self, tenant: Tenant) -> "IncidentQuerySet":
        """Those of one tenant, newest first."""
        return self.filter(tenant=tenant).order_by("-opened_at")


class Incident(models.Model):
    """One time a rule was broken, from opening to recovery."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    code = models.CharField(max_length=20, unique=True, default=new_code)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="incidents")
    rule = models.ForeignKey(Rule, on_delete=models.SET_NULL, null=True, related_name="incidents")
    key = models.CharField(max_length=80)
    side = models.CharField(max_length=5)
    limit = models.FloatField()
    since = models.DateTimeField()  # when the value first crossed the limit
    opened_at = models.DateTimeField()  # when the judgement time was over
    opened_value = models.FloatField()
    worst_value = models.FloatField()
    closed_at = models.DateTimeField(null=True)
    closed_value = models.FloatField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        constraints = [
            # However often a crossing is judged, one incident of a rule is open.
            models.UniqueConstraint(
                fields=["rule"],
                condition=models.Q(closed_at=None),
                name="one_open_incident_per_rule",
            ),
        ]
        indexes = [
            # The tenant's first question: what is open, newest first?
            models.Index(fields=["tenant", "-opened_at"], name="incident_of_tenant"),
            models.Index(fields=["device", "-opened_at"], name="incident_of_device"),
        ]

    def __str__(self) -> str:
        return f"{self.device_id}.{self.key} {self.opened_at:%Y-%m-%d %H:%M}"
