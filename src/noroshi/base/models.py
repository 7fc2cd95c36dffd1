"""The pulse of the programs, tallies of the way, and the mark of the database."""

from django.db import models


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
