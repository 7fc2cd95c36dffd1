"""Who is told of what, how and when: policy, groups with their duties, and the notices."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from noroshi.devices.models import Device
from noroshi.tenants.models import Tenant, new_code

DAYS_ALL = 0b1111111  # bit 0 is Monday
SINGLES_DEFAULT, SINGLES_MAX = 5, 1000
HOURLY_DEFAULT, HOURLY_MAX = 60, 10_000
REPEATS_DEFAULT, REPEATS_MAX = 3, 50


class Event(models.TextChoices):
    """What a notice tells."""

    OPENED = "opened", _("警報の発生")
    REPEATED = "repeated", _("再通知")
    ESCALATED = "escalated", _("引き継ぎの通知")
    RECOVERED = "recovered", _("警報の復帰")


class Policy(models.Model):
    """How a contractor wants to be told; one without a row has these defaults."""

    tenant = models.OneToOneField(
        Tenant, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    tells_recovery = models.BooleanField(_("復帰も知らせる"), default=True)
    has_links = models.BooleanField(_("メールにリンクを入れる"), default=True)
    repeat_every_min = models.PositiveSmallIntegerField(_("再通知の間隔（分）"), null=True)
    repeats_max = models.PositiveSmallIntegerField(_("再通知の回数"), default=REPEATS_DEFAULT)
    quiet_from = models.TimeField(_("静かな時間のはじまり"), null=True)
    quiet_until = models.TimeField(_("静かな時間のおわり"), null=True)
    # Which events wait for the end of the quiet time; a recipient may wish otherwise.
    quiet_events = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    singles_a_minute = models.PositiveSmallIntegerField(
        _("一分に一人へ送る通数"), default=SINGLES_DEFAULT
    )
    mails_an_hour = models.PositiveSmallIntegerField(
        _("一時間に一人へ送る通数"), default=HOURLY_DEFAULT
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quiet_from=None, quiet_until=None)
                | models.Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_time_has_two_ends",
            ),
            models.CheckConstraint(
                condition=models.Q(repeat_every_min=None) | models.Q(repeat_every_min__gte=1),
                name="repeats_have_a_pause",
            ),
        ]

    def __str__(self) -> str:
        return f"policy of {self.tenant_id}"


class Wording(models.Model):
    """A contractor's own sentences in the mails of one event; see wording."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    event = models.CharField(max_length=10, choices=Event)
    before = models.CharField(max_length=300, blank=True)
    after = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "event"], name="one_wording_per_event"),
        ]

    def __str__(self) -> str:
        return f"wording of {self.tenant_id} for {self.event}"


class Group(models.Model):
    """Recipients who are told together, each in the hours of their duties."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    code = models.CharField(max_length=20, unique=True, default=new_code)
    name = models.CharField(_("名前"), max_length=100)
    # Minutes without acknowledgement until it is told of every alarm; 0 = at once, None = never.
    after_min = models.PositiveSmallIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="one_group_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Duty(models.Model):
    """When a recipient is on duty in a group: weekdays, and hours that may cross midnight.

    Hours belong to the day on which they begin; without hours it is the whole day.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="duties")
    recipient = models.ForeignKey(
        "alarms.Recipient", on_delete=models.CASCADE, related_name="duties"
    )
    weekdays = models.PositiveSmallIntegerField(default=DAYS_ALL)
    begins = models.TimeField(null=True)
    ends = models.TimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(weekdays__gte=1, weekdays__lte=DAYS_ALL),
                name="duty_on_some_day",
            ),
            models.CheckConstraint(
                condition=models.Q(begins=None, ends=None)
                | models.Q(begins__isnull=False, ends__isnull=False),
                name="duty_has_two_ends",
            ),
        ]
        indexes = [models.Index(fields=["group"], name="duty_of_group")]

    def __str__(self) -> str:
        return f"{self.recipient_id} in {self.group_id}"


class Pace(models.Model):
    """What a recipient got lately, and when the next gathered mail is due.

    Its lock is held by whoever decides what this recipient is told, and by whoever gathers.
    """

    recipient = models.OneToOneField(
        "alarms.Recipient", on_delete=models.CASCADE, primary_key=True, related_name="pace"
    )
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    # What waits for the morning; None = as the policy says.
    quiet_events = ArrayField(models.CharField(max_length=10), null=True)
    minute_from = models.DateTimeField(null=True)
    minute_count = models.PositiveIntegerField(default=0, db_default=0)
    hour_from = models.DateTimeField(null=True)
    hour_count = models.PositiveIntegerField(default=0, db_default=0)
    gather_at = models.DateTimeField(null=True)  # of the gathered mail to come, or of the last
    paused_until = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # The clock's question: for whom is a gathered mail due?
            models.Index(
                fields=["due_at"], condition=models.Q(due_at__isnull=False), name="pace_due"
            ),
        ]

    def __str__(self) -> str:
        return f"pace of {self.recipient_id}"


class Chase(models.Model):
    """An open incident that nobody has acknowledged yet, and when somebody is told again."""

    incident = models.OneToOneField(
        "alarms.Incident", on_delete=models.CASCADE, primary_key=True, related_name="chase"
    )
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    begun_at = models.DateTimeField()
    escalated_min = models.PositiveSmallIntegerField(default=0)  # groups up to here are told
    repeats = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="chase_due")]

    def __str__(self) -> str:
        return f"chase of {self.incident_id}"


class Notice(models.Model):
    """That one recipient shall be told of one event of one incident, and what came of it."""

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting", _("待っている")
        POSTED = "posted", _("メールにした")
        DROPPED = "dropped", _("知らせない")

    class Reason(models.TextChoices):
        """Why it waits or is not told; or in which mail it went."""

        AT_ONCE = "at_once", _("すぐに送る")
        GATHERED = "gathered", _("短い間に多いので、一通にまとめる")
        QUIET = "quiet", _("静かな時間なので、あとでまとめる")
        PAUSED = "paused", _("一時間の上限に達したので、あとでまとめる")
        STOPPED = "stopped", _("この通知先への通知が止めてある")
        REMOVED = "removed", _("この通知先は、知らせる前に外された")
        UNLICENSED = "unlicensed", _("契約にメールの通知がない")
        UNWANTED = "unwanted", _("復帰は知らせない設定になっている")
        LOOKED_AFTER = "looked_after", _("その前に対応されたか、終わった")

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    incident = models.ForeignKey(
        "alarms.Incident", on_delete=models.CASCADE, related_name="notices"
    )
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="+")
    # A recipient who is taken off the list leaves name and address behind. The database itself
    # empties this (ON DELETE SET NULL): the pages may read notices, never change them.
    recipient = models.ForeignKey(
        "alarms.Recipient", on_delete=models.DO_NOTHING, null=True, related_name="notices"
    )
    name = models.CharField(max_length=100)
    address = models.CharField(max_length=254)
    event = models.CharField(max_length=10, choices=Event)
    number = models.PositiveSmallIntegerField(default=0)  # of repeats and escalations
    decided_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State)
    reason = models.CharField(max_length=12, choices=Reason)
    due_at = models.DateTimeField(null=True)  # when it is told, while it waits
    posted_at = models.DateTimeField(null=True)
    message_id = models.CharField(max_length=200, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            # However often it is decided, nobody is told twice.
            models.UniqueConstraint(
                fields=["incident", "recipient", "event", "number"], name="told_once"
            ),
        ]
        indexes = [
            # What waits for a recipient.
            models.Index(
                fields=["recipient", "due_at"],
                condition=models.Q(state="waiting"),
                name="notice_waiting",
            ),
            # The explainer's: what was decided about a device around a time?
            models.Index(fields=["device", "-decided_at"], name="notice_of_device"),
            models.Index(fields=["recipient", "-decided_at"], name="notice_of_recipient"),
            # Which are past their time?
            models.Index(fields=["decided_at"], name="notice_decided"),
        ]

    def __str__(self) -> str:
        return f"{self.event} → {self.address}"
