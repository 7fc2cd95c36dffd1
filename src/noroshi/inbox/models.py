"""Connections to the networks, the journal of what came in, and its exceptions."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from noroshi.tenants.models import Tenant

SLICES = 16


class Connection(models.Model):
    """One account at a network: an address of our own that the network posts to."""

    class Kind(models.TextChoices):
        """The message format spoken."""

        SIGFOX = "sigfox", "Sigfox"
        CHIRPSTACK = "chirpstack", "ChirpStack v4"
        TTS = "tts", "The Things Stack v3"
        JSON = "json", _("JSON（汎用）")

    class SecondFactor(models.TextChoices):
        """What the sender must show besides the address."""

        NONE = "", _("なし")
        BASIC = "basic", _("Basic認証")
        HEADER = "header", _("ヘッダー")

    name = models.CharField(_("名前"), max_length=100)
    kind = models.CharField(_("種類"), max_length=20, choices=Kind)
    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("契約者"),
        help_text=_("空欄なら、すべての契約者の端末を受け付けます。"),
    )
    token_hash = models.BinaryField(max_length=32, unique=True)  # SHA-256 of the token
    token_hint = models.CharField(max_length=8)  # its first characters, to tell two apart
    factor = models.CharField(
        _("追加の確認"), max_length=10, choices=SecondFactor, blank=True, default=""
    )
    factor_header = models.CharField(_("ヘッダー名"), max_length=60, blank=True)
    factor_hash = models.BinaryField(max_length=32, null=True)  # SHA-256 of the header's value
    settings = models.JSONField(_("設定"), default=dict, blank=True)
    is_open = models.BooleanField(_("受け付ける"), default=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Broker(models.Model):
    """Where the messages of a connection come from when we fetch them: a broker of MQTT.

    A connection without one is an address of our own that the network posts to.
    """

    class Version(models.TextChoices):
        """The protocol spoken."""

        FIVE = "5", "MQTT 5"
        THREE = "3.1.1", "MQTT 3.1.1"

    connection = models.OneToOneField(Connection, on_delete=models.PROTECT, primary_key=True)
    host = models.CharField(_("ホスト名"), max_length=253)
    port = models.PositiveIntegerField(_("ポート"))
    version = models.CharField(_("プロトコル"), max_length=5, choices=Version)
    is_tls = models.BooleanField(_("TLS"), default=True)
    ca = models.TextField(blank=True)  # PEM; empty = the authorities that the machine knows
    user = models.CharField(_("利用者名"), max_length=200, blank=True)
    sealed_password = models.TextField(blank=True)
    client_id = models.CharField(_("クライアントID"), max_length=64)
    topics = ArrayField(models.CharField(max_length=200))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Listening(models.Model):
    """How the listener fares with a broker: one row a connection, written by the listener alone."""

    class State(models.TextChoices):
        """Whether messages come."""

        CONNECTING = "connecting", _("接続中")
        LISTENING = "listening", _("受信中")
        WAITING = "waiting", _("つながりません")

    connection = models.OneToOneField(Connection, on_delete=models.PROTECT, primary_key=True)
    state = models.CharField(max_length=10, choices=State)
    why = models.CharField(max_length=20, blank=True)  # the trouble, or what is worth knowing
    detail = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField()
    heard_at = models.DateTimeField(null=True)
    messages = models.BigIntegerField(default=0)  # since this listener began
    passed_over = models.BigIntegerField(default=0)  # too big, or retained

    class Meta:
        db_table = "inbox_listening"

    def __str__(self) -> str:
        return f"{self.connection_id} {self.state} {self.why}"


class Entry(models.Model):
    """One request as it came, kept raw. Written by the gate in groups, never changed.

    Partitioned by days of `key`, which begins with the message's own time in milliseconds. Closed
    days lie in PackedEntries: read entries through `journal`, which knows both.
    """

    key = models.UUIDField(primary_key=True)
    id = models.BigIntegerField()
    slice = models.SmallIntegerField()
    connection_id = models.IntegerField()
    received_at = models.DateTimeField()
    event = models.CharField(max_length=40)
    address = models.CharField(max_length=64)
    content_type = models.CharField(max_length=100)
    query = models.TextField()
    body = models.BinaryField()

    class Meta:
        managed = False
        db_table = "inbox_entry"

    def __str__(self) -> str:
        return str(self.key)


class PackedEntries(models.Model):
    """About a thousand entries of one connection, day and owner, compressed; see blocks.Block.

    Partitioned by months of `first_key`. `owner_id` is the tenant for whom they are kept, NULL for
    what is nobody's.
    """

    first_key = models.UUIDField(primary_key=True)
    last_key = models.UUIDField()
    owner_id = models.BigIntegerField(null=True)
    connection_id = models.IntegerField()
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    received_from = models.DateTimeField()
    received_until = models.DateTimeField()
    count = models.IntegerField()
    format = models.SmallIntegerField()
    keys = models.BinaryField()
    head = models.BinaryField()
    body = models.BinaryField()

    class Meta:
        managed = False
        db_table = "inbox_block"

    def __str__(self) -> str:
        return f"{self.first_key} ({self.count})"


class Watermark(models.Model):
    """How far the spine has read one slice of the journal."""

    slice = models.SmallIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.slice}: {self.entry_id}"


class ExceptionalEntry(models.Model):
    """An entry the spine could not carry through; replayed after the cause is mended."""

    class Kind(models.TextChoices):
        """Why it stands here."""

        REFUSED = "refused", _("受け付けられない内容")
        UNKNOWN = "unknown", _("未登録の端末")
        FAILED = "failed", _("処理の失敗")

    class State(models.TextChoices):
        """What happens to it."""

        OPEN = "open", _("未対応")
        AGAIN = "again", _("再処理待ち")
        DONE = "done", _("処理済")
        DISMISSED = "dismissed", _("対応不要")

    entry_key = models.UUIDField(unique=True)
    entry_id = models.BigIntegerField()
    slice = models.SmallIntegerField()
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    received_at = models.DateTimeField()
    space = models.CharField(max_length=10, blank=True)
    address = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    reason = models.CharField(max_length=60)
    detail = models.CharField(max_length=500, blank=True)
    attempts = models.PositiveSmallIntegerField(default=1)

    class Meta:
        db_table = "inbox_exception"
        indexes = [
            # The office's lists, newest first.
            models.Index(fields=["kind", "state", "-entry_id"], name="exception_list"),
            # A device was registered: which waiting entries are its own?
            models.Index(
                fields=["space", "address"],
                condition=models.Q(kind="unknown", state="open"),
                name="exception_of_device",
            ),
            # The spine's question: what shall be tried again, oldest first?
            models.Index(
                fields=["slice", "entry_id"],
                condition=models.Q(state="again"),
                name="exception_again",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reason} {self.address}"
