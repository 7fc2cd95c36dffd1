"""What was measured: uplinks, series, hot readings, packed chunks, latest values."""

from django.db import models

from noroshi.codecs.models import CodecVersion
from noroshi.devices.models import Device
from noroshi.tenants.models import Tenant


class StoredUplink(models.Model):
    """One radio message of a registered device, as the networks told it, merged.

    Partitioned by ranges of `sent_at`. `message` is the identity of the radio message, so that
    two callbacks about one message (Sigfox UPLINK and DATA ADVANCED) meet in one row.
    """

    pk = models.CompositePrimaryKey("device_id", "sent_at", "message")
    device = models.ForeignKey(Device, on_delete=models.DO_NOTHING, db_constraint=False)
    sent_at = models.DateTimeField()
    message = models.UUIDField()
    tenant = models.ForeignKey(Tenant, on_delete=models.DO_NOTHING, db_constraint=False)
    entry_key = models.UUIDField()
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField()
    event = models.CharField(max_length=40)
    f_port = models.SmallIntegerField(null=True)
    counter = models.BigIntegerField(null=True)
    payload = models.BinaryField()
    rssi_dbm = models.FloatField(null=True)
    snr_db = models.FloatField(null=True)
    gateways = models.SmallIntegerField(default=0)
    link = models.JSONField(default=dict)
    data = models.JSONField(default=dict)
    codec_version = models.ForeignKey(
        CodecVersion, on_delete=models.DO_NOTHING, db_constraint=False, null=True
    )
    problem = models.CharField(max_length=200, blank=True)
    is_late = models.BooleanField(default=False)

    class Meta:
        managed = False
        db_table = "readings_uplink"

    def __str__(self) -> str:
        return f"{self.device_id} {self.sent_at:%Y-%m-%d %H:%M:%S}"


class Series(models.Model):
    """One quantity of one device through time."""

    class Kind(models.TextChoices):
        """Where its values are kept."""

        NUMBER = "number", "number"
        BOOLEAN = "boolean", "boolean"
        TEXT = "text", "text"
        POSITION = "position", "position"

    id = models.AutoField(primary_key=True)  # 4 bytes: it stands in every reading
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="series")
    key = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=Kind)

    class Meta:
        constraints = [
            # The spine's look-up, and the promise that a quantity is one line.
            models.UniqueConstraint(fields=["device", "key", "kind"], name="one_series_per_key"),
        ]

    def __str__(self) -> str:
        return f"{self.device_id}.{self.key}"


class Reading(models.Model):
    """A hot number: narrow, partitioned by day of `at`; closed days are packed into chunks."""

    pk = models.CompositePrimaryKey("series_id", "at")
    series = models.ForeignKey(Series, on_delete=models.DO_NOTHING, db_constraint=False)
    at = models.DateTimeField()
    value = models.FloatField()

    class Meta:
        managed = False
        db_table = "readings_reading"

    def __str__(self) -> str:
        return f"{self.series_id} {self.at} {self.value}"


class Chunk(models.Model):
    """Packed numbers of one series over whole days in Japan: [day_from, day_until).

    Partitioned by months of `day_from`, like uplinks and loose readings by theirs.
    """

    pk = models.CompositePrimaryKey("series_id", "day_from")
    series = models.ForeignKey(Series, on_delete=models.DO_NOTHING, db_constraint=False)
    day_from = models.DateField()
    day_until = models.DateField()
    count = models.IntegerField()
    body = models.BinaryField()

    class Meta:
        managed = False
        db_table = "readings_chunk"

    def __str__(self) -> str:
        return f"{self.series_id} {self.day_from} ({self.count})"


class LooseReading(models.Model):
    """A value that is not a number: text, or a position {"lat", "lng", "alt"}."""

    pk = models.CompositePrimaryKey("series_id", "at")
    series = models.ForeignKey(Series, on_delete=models.DO_NOTHING, db_constraint=False)
    at = models.DateTimeField()
    value = models.JSONField()

    class Meta:
        managed = False
        db_table = "readings_loose"

    def __str__(self) -> str:
        return f"{self.series_id} {self.at}"


class Backdated(models.Model):
    """A month of a device of which something was told later; see backdated."""

    pk = models.CompositePrimaryKey("device_id", "month")
    device = models.ForeignKey(Device, on_delete=models.DO_NOTHING, db_constraint=False)
    month = models.DateField()
    tenant = models.ForeignKey(Tenant, on_delete=models.DO_NOTHING, db_constraint=False)
    received_on = models.DateField()

    class Meta:
        managed = False
        db_table = "readings_backdated"

    def __str__(self) -> str:
        return f"{self.device_id} {self.month:%Y-%m} {self.received_on}"


class Latest(models.Model):
    """The newest value of each series, so that no page has to search for it."""

    series = models.OneToOneField(
        Series, on_delete=models.CASCADE, primary_key=True, related_name="latest"
    )
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    device = models.ForeignKey(Device, on_delete=models.CASCADE)
    at = models.DateTimeField()
    value = models.FloatField(null=True)
    loose = models.JSONField(null=True)

    class Meta:
        managed = False
        db_table = "readings_latest"

    def __str__(self) -> str:
        return f"{self.series_id} {self.value}"
