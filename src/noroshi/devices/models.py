"""The register: device types with their quantities, sites, devices, downlinks."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from noroshi.codecs.models import Codec
from noroshi.tenants.models import Tenant, new_code

PAC_SHOWN = 4


class Space(models.TextChoices):
    """The world in which an address is unique."""

    SIGFOX = "sigfox", "Sigfox"
    LORAWAN = "lorawan", "LoRaWAN"
    GENERIC = "generic", _("その他")


class DeviceType(models.Model):
    """A model of terminal: its codec, quantities and rhythm."""

    name_ja = models.CharField(_("機種名（日本語）"), max_length=100, unique=True)
    name_en = models.CharField(_("機種名（英語）"), max_length=100, blank=True)
    maker = models.CharField(_("メーカー"), max_length=100, blank=True)
    codec = models.ForeignKey(Codec, on_delete=models.PROTECT, verbose_name=_("デコーダー"))
    interval_s = models.PositiveIntegerField(_("受信の間隔（秒）"), default=3600)

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_en if get_language() == "en" and self.name_en else self.name_ja


class Quantity(models.Model):
    """One thing a type measures: where the codec puts it and how people read it."""

    class Kind(models.TextChoices):
        """What its values are."""

        NUMBER = "number", _("数値")
        BOOLEAN = "boolean", _("オン・オフ")
        TEXT = "text", _("文字")
        POSITION = "position", _("位置")

    type = models.ForeignKey(DeviceType, on_delete=models.CASCADE, related_name="quantities")
    key = models.CharField(_("デコーダーの項目名"), max_length=80)
    name_ja = models.CharField(_("名前（日本語）"), max_length=60)
    name_en = models.CharField(_("名前（英語）"), max_length=60, blank=True)
    unit = models.CharField(_("単位"), max_length=20, blank=True)
    decimals = models.PositiveSmallIntegerField(_("小数点以下の桁数"), default=1)
    kind = models.CharField(_("種類"), max_length=10, choices=Kind, default=Kind.NUMBER)
    true_ja = models.CharField(_("オンの言葉（日本語）"), max_length=20, blank=True)
    false_ja = models.CharField(_("オフの言葉（日本語）"), max_length=20, blank=True)
    true_en = models.CharField(_("オンの言葉（英語）"), max_length=20, blank=True)
    false_en = models.CharField(_("オフの言葉（英語）"), max_length=20, blank=True)
    position = models.PositiveSmallIntegerField(_("並び順"), default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            # A key of a codec means one thing.
            models.UniqueConstraint(fields=["type", "key"], name="one_quantity_per_key"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_en if get_language() == "en" and self.name_en else self.name_ja

    def word(self, value: float) -> str:
        """What a boolean value is called, e.g. 開 or open."""
        if get_language() == "en":
            return (self.true_en or "on") if value else (self.false_en or "off")
        return (self.true_ja or "オン") if value else (self.false_ja or "オフ")


class Site(models.Model):
    """A place of a tenant where devices stand."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(_("場所"), max_length=100)

    class Meta:
        constraints = [
            # Two sites of one name would be one site written twice.
            models.UniqueConstraint(fields=["tenant", "name"], name="one_site_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Thing(models.Model):
    """A terminal as a thing, once for ever: in stock, held by a tenant (its Device), or retired.

    `code` is printed on its label: whoever may see its device finds the page by it.
    """

    code = models.CharField(max_length=20, unique=True, default=new_code)
    type = models.ForeignKey(DeviceType, on_delete=models.PROTECT, verbose_name=_("機種"))
    space = models.CharField(_("ネットワーク"), max_length=10, choices=Space)
    address = models.CharField(_("端末ID（DevEUIなど）"), max_length=64)
    registered_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)
    # The PAC lets its holder take a Sigfox device over: it is for the office, never for a
    # contractor's page or the audit log.
    pac = models.CharField("PAC", max_length=16, blank=True)
    model = models.CharField(_("型番"), max_length=100, blank=True)
    serial = models.CharField(_("製造番号"), max_length=64, blank=True)
    conformity = models.CharField(_("技適番号"), max_length=40, blank=True)
    battery = models.CharField(_("電池の種類"), max_length=60, blank=True)
    right_until = models.DateField(_("回線の期限"), null=True, blank=True)

    class Meta:
        constraints = [
            # Only Sigfox devices have a PAC: another's would be a key filed in the wrong place.
            models.CheckConstraint(
                condition=models.Q(pac="") | models.Q(space="sigfox"),
                name="thing_pac_of_sigfox_only",
            ),
            # A radio address is one thing.
            models.UniqueConstraint(fields=["space", "address"], name="one_thing_per_address"),
        ]

    def __str__(self) -> str:
        return f"{self.get_space_display()} {self.address}"

    @property
    def masked_pac(self) -> str:
        """The last digits, to tell one PAC from another: ••••3F2A; empty without one."""
        return f"••••{self.pac[-PAC_SHOWN:]}" if self.pac else ""


class Device(models.Model):
    """One terminal while one tenant holds it; another tenant's time with it is another row.

    Held from `held_from` (None: from the first uplink on) until before `retired_at`, by the
    network's time of an uplink. PostgreSQL excludes two tenants at one instant
    (one_holder_at_an_instant), and an address that is not the thing's.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, verbose_name=_("契約者"))
    code = models.CharField(max_length=20, unique=True, default=new_code)
    name = models.CharField(_("名前"), max_length=100)
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT, related_name="holdings")
    type = models.ForeignKey(DeviceType, on_delete=models.PROTECT, verbose_name=_("機種"))
    # As the thing's: the spine and the gate look devices up by these.
    space = models.CharField(_("ネットワーク"), max_length=10, choices=Space)
    address = models.CharField(_("端末ID（DevEUIなど）"), max_length=64)
    site = models.ForeignKey(
        Site, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("場所")
    )
    interval_s = models.PositiveIntegerField(_("受信の間隔（秒）"), null=True, blank=True)
    registered_at = models.DateTimeField()
    held_from = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    place_note = models.CharField(_("設置場所のメモ"), max_length=200, blank=True)

    class Meta:
        constraints = [
            # A radio address answers for one device at a time.
            models.UniqueConstraint(
                fields=["space", "address"],
                condition=models.Q(retired_at=None),
                name="one_device_per_address",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "name"], name="device_of_tenant"),
            # The spine's question about a late uplink: who held the address before?
            models.Index(
                fields=["space", "address"],
                condition=models.Q(retired_at__isnull=False),
                name="former_device",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def expected_interval_s(self) -> int:
        """How often an uplink is expected, in seconds."""
        return self.interval_s or self.type.interval_s


class Heartbeat(models.Model):
    """When and how well a device was heard last; written with each batch of the spine."""

    device = models.OneToOneField(
        Device, on_delete=models.CASCADE, primary_key=True, related_name="heartbeat"
    )
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    sent_at = models.DateTimeField()
    received_at = models.DateTimeField()
    counter = models.BigIntegerField(null=True)
    rssi_dbm = models.FloatField(null=True)
    snr_db = models.FloatField(null=True)
    gateways = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.device_id} {self.sent_at:%Y-%m-%d %H:%M}"


class Downlink(models.Model):
    """Bytes that wait for a device's next chance to listen."""

    class State(models.TextChoices):
        """Where the downlink stands."""

        QUEUED = "queued", _("送信待ち")
        ANSWERED = "answered", _("ネットワークへ渡した")
        DELIVERED = "delivered", _("送信された")
        FAILED = "failed", _("届かなかった")
        CANCELLED = "cancelled", _("取り消し")

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="downlinks")
    payload = models.BinaryField(max_length=255)
    f_port = models.PositiveSmallIntegerField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    created_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    entry_key = models.UUIDField(null=True)  # the BIDIR request it went out with
    result = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            # The gate's question at a BIDIR: what waits for this device, oldest first?
            models.Index(
                fields=["device", "id"], condition=models.Q(state="queued"), name="downlink_queue"
            ),
            # The same request repeated gets the same answer.
            models.Index(
                fields=["entry_key"],
                condition=models.Q(entry_key__isnull=False),
                name="downlink_of_entry",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.state}"
