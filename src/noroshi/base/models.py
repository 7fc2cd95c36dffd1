"""The pulse of the programs, and the mark by which a database is known again."""

from django.db import models


class Pulse(models.Model):
    """One running program as it told of itself."""

    program = models.CharField(max_length=20)
    instance = models.CharField(max_length=100)  # host and process id
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            # A process is one row.
            models.UniqueConstraint(fields=["program", "instance"], name="one_row_per_process"),
        ]

    def __str__(self) -> str:
        return f"{self.program} {self.seen_at:%H:%M:%S}"


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
