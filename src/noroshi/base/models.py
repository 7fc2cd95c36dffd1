"""What the house knows of itself: its pulse, its tallies, its mark, its backups."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Pulse(models.Model):
    """One running program as it told of itself."""

    program = models.CharField(max_length=20)
    instance = models.CharField(max_length=100)  # host and process id
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)
    figures = models.JSONField(default=dict, db_default={})  # numbers by name, as of seen_at

    class Meta:
        constraints = [
            # A process is one row.
            models.UniqueConstraint(fields=["program", "instance"], name="one_row_per_process"),
        ]

    def __str__(self) -> str:
        return f"{self.program} {self.seen_at:%H:%M:%S}"


class Tally(models.Model):
    """How many have passed one stage since the beginning, counted in the transaction that did it.

    A stage's count is the sum over its slots: those who count at the same time take different ones.
    """

    stage = models.CharField(max_length=20)
    slot = models.SmallIntegerField()
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stage", "slot"], name="one_tally_of_stage_and_slot")
        ]

    def __str__(self) -> str:
        return f"{self.stage}: {self.count}"


class Installation(models.Model):
    """Which database this is: one row with a random mark, made once and never changed.

    What a gate keeps on its own disk carries the mark, so that it never goes to another database.
    A database restored from a backup is the same one.
    """

    only = models.BooleanField(primary_key=True, default=True)
    mark = models.UUIDField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(only=True), name="one_installation")
        ]

    def __str__(self) -> str:
        return str(self.mark)


class BackupRun(models.Model):
    """One backup that was made, or one drill that restored it somewhere else for proof."""

    class Kind(models.TextChoices):
        """What was done."""

        BACKUP = "backup", _("バックアップ")
        DRILL = "drill", _("復元の確認")

    kind = models.CharField(max_length=10, choices=Kind)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # None: it runs, or died without a word
    is_good = models.BooleanField(default=False)
    place = models.CharField(max_length=200, blank=True)  # the backup's own name in its folder
    size = models.BigIntegerField(default=0)  # bytes
    rows = models.BigIntegerField(default=0)  # of all tables
    said = models.CharField(max_length=500, blank=True)  # one line for the operator, in English

    class Meta:
        indexes = [
            # The board's question: which was the newest of each kind?
            models.Index(fields=["kind", "-started_at"], name="newest_backup_runs"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.started_at:%Y-%m-%d %H:%M}"
