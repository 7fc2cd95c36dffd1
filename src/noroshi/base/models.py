"""The pulse of the programs: who runs, and when each was seen last."""

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
