"""Outages of a network: one incident of the provider, told to each contractor once."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from noroshi.alarms.told_models import Notice
from noroshi.tenants.models import Tenant, new_code


class Outage(models.Model):
    """Many terminals of one network fell silent together: not each one's own affair."""

    code = models.CharField(max_length=20, unique=True, default=new_code)
    space = models.CharField(max_length=10)  # of the terminals' addresses: one network
    began_at = models.DateTimeField()  # when the last of the silent ones was heard
    noticed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    came_back = models.BooleanField(default=False)  # else it was given up, or nobody is left
    known = models.PositiveIntegerField()  # terminals that should have been heard
    silent = models.PositiveIntegerField()  # of them, at worst

    class Meta:
        constraints = [
            # However often the clock looks, a network is out once.
            models.UniqueConstraint(
                fields=["space"], condition=models.Q(ended_at=None), name="one_open_outage"
            ),
        ]
        indexes = [
            # The office's list, newest first.
            models.Index(fields=["-noticed_at"], name="outage_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.space} {self.began_at:%Y-%m-%d %H:%M}"


class OutageTenant(models.Model):
    """A contractor whose own terminals are in an outage, with all that it needs to know of it."""

    outage = models.ForeignKey(Outage, on_delete=models.CASCADE, related_name="tenants")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    space = models.CharField(max_length=10)
    began_at = models.DateTimeField()  # of the outage
    ended_at = models.DateTimeField(null=True)  # for this contractor
    came_back = models.BooleanField(default=False)
    silent = models.PositiveIntegerField()  # of its own, at worst

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "outage"], name="one_row_per_outage"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} in {self.outage_id}"


class OutageNotice(models.Model):
    """That one recipient shall be told of an outage, and what came of it: ledger and queue."""

    class Event(models.TextChoices):
        """What it tells."""

        BEGUN = "begun", _("回線の障害")
        OVER = "over", _("回線の復旧")
        GIVEN_UP = "given_up", _("長引く回線の障害")

    outage = models.ForeignKey(Outage, on_delete=models.CASCADE, related_name="notices")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    # A recipient who is taken off the list leaves name and address: the database empties this.
    recipient = models.ForeignKey(
        "alarms.Recipient", on_delete=models.DO_NOTHING, null=True, related_name="+"
    )
    name = models.CharField(max_length=100)
    address = models.CharField(max_length=254)
    event = models.CharField(max_length=10, choices=Event)
    decided_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=Notice.State)
    reason = models.CharField(max_length=12, choices=Notice.Reason)
    due_at = models.DateTimeField(null=True)  # when it is told, while it waits
    posted_at = models.DateTimeField(null=True)
    message_id = models.CharField(max_length=200, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            # However often it is decided, nobody is told twice.
            models.UniqueConstraint(
                fields=["tenant", "outage", "recipient", "event"], name="told_of_outage_once"
            ),
        ]
        indexes = [
            # The clock's question: what has waited long enough?
            models.Index(
                fields=["due_at"],
                condition=models.Q(state="waiting"),
                name="outage_notice_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} → {self.address}"

    @property
    def number(self) -> int:
        """As of a notice: an outage is told without repeats."""
        return 0
