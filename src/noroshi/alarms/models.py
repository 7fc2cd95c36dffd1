"""Rules, their state, incidents and the people who are told."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from noroshi.alarms.conditions import Condition, Limits, Plan, condition_of, more_of
from noroshi.alarms.judge import Known, State
from noroshi.alarms.outage_models import Outage, OutageNotice, OutageTenant
from noroshi.alarms.told_models import Chase, Duty, Event, Group, Notice, Pace, Policy, Wording
from noroshi.devices.models import Device, DeviceType, Site
from noroshi.outbox.channels import Channel
from noroshi.tenants.models import Tenant, User, new_code

__all__ = [
    "LIMITS",
    "Awake",
    "Chase",
    "Deed",
    "Duty",
    "Event",
    "Group",
    "Incident",
    "IncidentQuerySet",
    "Notice",
    "Outage",
    "OutageNotice",
    "OutageTenant",
    "Pace",
    "Policy",
    "Recipient",
    "Rhythm",
    "Rule",
    "RuleState",
    "RuleTerms",
    "SharedRule",
    "Wording",
]

LIMITS = "limits"


class Recipient(models.Model):
    """Somebody who gets mails, and needs no account; or a machine that gets webhooks."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    code = models.CharField(max_length=20, unique=True, default=new_code)
    name = models.CharField(_("お名前"), max_length=100)
    channel = models.CharField(
        max_length=10, choices=Channel, default=Channel.MAIL, db_default=Channel.MAIL
    )
    address = models.CharField(_("メールアドレス"), max_length=254)  # or the URL of a webhook
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

    @property
    def is_webhook(self) -> bool:
        """Whether a machine is told, by a webhook."""
        return self.channel == Channel.WEBHOOK


class RuleTerms(models.Model):
    """What a rule says.

    The commonest kind, `limits`, says all in columns. Every other kind has its fields in `options`;
    hours, seasons and the like stand in `more`; see conditions.
    """

    code = models.CharField(max_length=20, unique=True, default=new_code)
    key = models.CharField(_("項目"), max_length=80)
    kind = models.CharField(max_length=12, default=LIMITS)
    upper = models.FloatField(_("上限"), null=True, blank=True)
    lower = models.FloatField(_("下限"), null=True, blank=True)
    margin = models.FloatField(_("復帰の幅"), default=0)
    hold_s = models.PositiveIntegerField(_("判定時間（秒）"), default=0)
    options = models.JSONField(default=dict, blank=True)
    more = models.JSONField(default=dict, blank=True)
    is_active = models.BooleanField(_("有効"), default=True)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True

    @property
    def is_plain(self) -> bool:
        """Whether the columns say all; the database has a column of this name for the spine."""
        return self.kind == LIMITS and not self.more

    @property
    def plan(self) -> Plan:
        """The rule as the judge takes it."""
        if self.kind == LIMITS:
            condition: Condition = Limits(self.upper, self.lower)
        else:
            condition = condition_of(self.kind, self.options)
        return Plan(self.key, condition, self.margin, self.hold_s, more_of(self.more))


class SharedRule(RuleTerms):
    """One rule for all devices of a site, of a type, or of a group chosen by hand.

    Each device it touches has a rule of its own (`Rule.shared`), so that the spine, states and
    incidents know nothing of it; see sharing.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    site = models.ForeignKey(Site, on_delete=models.CASCADE, null=True, blank=True)
    type = models.ForeignKey(DeviceType, on_delete=models.CASCADE, null=True, blank=True)
    group = models.CharField(_("グループの名前"), max_length=100, blank=True)
    devices = models.ManyToManyField(Device, related_name="+", blank=True)
    recipients = models.ManyToManyField(Recipient, related_name="shared_rules", blank=True)

    class Meta:
        constraints = [
            # A site, a type or a group: what it is for is never a question.
            models.CheckConstraint(
                condition=models.Q(site__isnull=False, type__isnull=True, group="")
                | models.Q(site__isnull=True, type__isnull=False, group="")
                | (models.Q(site__isnull=True, type__isnull=True) & ~models.Q(group="")),
                name="shared_rule_has_one_scope",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope_name}.{self.key}"

    @property
    def scope_name(self) -> str:
        """What it is for, in the reader's language."""
        if self.site is not None:
            return self.site.name
        return self.type.name if self.type is not None else self.group


class Rule(RuleTerms):
    """What is watched on one device, and who is told."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="rules")
    shared = models.ForeignKey(
        SharedRule, on_delete=models.CASCADE, null=True, blank=True, related_name="rules"
    )
    recipients = models.ManyToManyField(Recipient, related_name="rules", blank=True)

    class Meta:
        constraints = [
            # A rule without a limit would never speak.
            models.CheckConstraint(
                condition=~models.Q(kind=LIMITS)
                | models.Q(upper__isnull=False)
                | models.Q(lower__isnull=False),
                name="rule_has_a_limit",
            ),
            models.CheckConstraint(condition=models.Q(margin__gte=0), name="margin_not_negative"),
            # A shared rule is one rule of each device.
            models.UniqueConstraint(fields=["shared", "device"], name="one_rule_of_shared"),
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
    phase = models.CharField(max_length=10, default="normal")  # as the judge names them
    side = models.CharField(max_length=5, blank=True)  # upper, lower, gone
    since = models.DateTimeField(null=True)
    judged_at = models.DateTimeField(null=True)
    memory = models.JSONField(default=list)  # pairs of numbers, see looks

    def __str__(self) -> str:
        return f"{self.rule_id} {self.phase}"

    @property
    def known(self) -> Known:
        """What the judge goes on from."""
        memory = tuple((first, second) for first, second in self.memory)
        return Known(State(self.phase, self.side, self.since), memory)


class IncidentQuerySet(models.QuerySet["Incident"]):
    """What people ask about incidents."""

    def open_(self) -> "IncidentQuerySet":
        """Those that are not over."""
        return self.filter(closed_at=None)

    def of(self, tenant: Tenant) -> "IncidentQuerySet":
        """Those of one tenant, newest first."""
        return self.filter(tenant=tenant).order_by("-opened_at")


class Incident(models.Model):
    """One time a rule was broken, from opening to recovery; `deeds` has what people do with it."""

    class Reason(models.TextChoices):
        """Why a person closed it."""

        DONE = "done", _("対応した")
        FALSE = "false", _("誤報だった")
        EMPTY = "empty", _("空はじきだった")
        TEST = "test", _("点検・試験だった")
        OTHER = "other", _("その他")

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    code = models.CharField(max_length=20, unique=True, default=new_code)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="incidents")
    rule = models.ForeignKey(Rule, on_delete=models.SET_NULL, null=True, related_name="incidents")
    kind = models.CharField(max_length=12, default=LIMITS)
    options = models.JSONField(default=dict)  # of the rule as it was
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
    # A recipient who acts by the link of a mail is no user: the name stands by itself.
    acknowledged_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True)
    acknowledged_name = models.CharField(max_length=150, blank=True, default="", db_default="")
    taken_at = models.DateTimeField(null=True)
    taken_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    taken_name = models.CharField(max_length=150, blank=True, default="", db_default="")
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=10, choices=Reason, blank=True, default="", db_default="")

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

    @property
    def looked_after_by(self) -> str:
        """Who has it in hand: who took it, else who acknowledged it; empty = nobody."""
        if self.taken_name or self.acknowledged_name:
            return self.taken_name or self.acknowledged_name
        return self.acknowledged_by.name if self.acknowledged_by else ""


class Deed(models.Model):
    """One thing that a person did with an incident; `name` is the person's as it was then."""

    class Kind(models.TextChoices):
        """What was done."""

        ACKNOWLEDGED = "acknowledged", _("対応中と記録した")
        TAKEN = "taken", _("担当になった")
        COMMENTED = "commented", _("書き込んだ")
        SETTLED = "settled", _("終わりにした")

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="deeds")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=150)
    by_mail = models.BooleanField(default=False)
    text = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            # The course of an incident, oldest first.
            models.Index(fields=["incident", "at"], name="deed_of_incident"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"


class Rhythm(models.Model):
    """How often a device is heard, as its own uplinks tell; see overdue."""

    device = models.OneToOneField(
        Device, on_delete=models.CASCADE, primary_key=True, related_name="rhythm"
    )
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    interval_s = models.PositiveIntegerField(null=True)  # too few uplinks say nothing
    uplinks = models.PositiveSmallIntegerField(default=0)
    learned_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.device_id} {self.interval_s} s"


class Awake(models.Model):
    """A stretch of time in which uplinks could come in and were judged; between two was an outage.

    An outage is not a device's silence: it extends every deadline by its length.
    """

    since = models.DateTimeField(unique=True)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d %H:%M} – {self.until:%Y-%m-%d %H:%M}"
