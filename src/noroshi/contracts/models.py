"""Contracts, their dated conditions and licensed items, amendments, snapshots, traces.

All days are calendar days in Japan: `from_day` is the first day on which something holds,
`until_day` the first on which it no longer does (None = without end).
"""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from noroshi.contracts.items import Item
from noroshi.contracts.resolve import Level
from noroshi.tenants.models import (
    Agent,
    Intent,
    Paper,
    Party,
    ServiceKind,
    Tenant,
    User,
    new_code,
)

KEY_CHARS_MAX = 40
VALUE_CHARS_MAX = 200
SOURCE_CHARS_MAX = 200
LEVELS = [
    (Level.AMENDMENT.value, _("変更契約")),
    (Level.SHEET.value, _("条件書")),
    (Level.TERMS.value, _("利用規約")),
]
DAYS = Func(F("from_day"), F("until_day"), function="daterange")


class Contract(models.Model):
    """What provider and contractor agreed. Once formed, changed by amendments only."""

    class State(models.TextChoices):
        """A draft binds nobody and is edited freely; a formed contract is neither again."""

        DRAFT = "draft", _("条件書を作成中")
        FORMED = "formed", _("成立")

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="contracts")
    code = models.CharField(max_length=20, unique=True, default=new_code)
    number = models.CharField(_("契約番号"), max_length=12, blank=True)
    kind = models.ForeignKey(ServiceKind, on_delete=models.PROTECT, related_name="+")
    party = models.ForeignKey(
        Party, on_delete=models.PROTECT, null=True, blank=True, related_name="contracts"
    )
    agent = models.ForeignKey(
        Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="contracts"
    )
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    from_day = models.DateField(_("契約期間の初日"))
    until_day = models.DateField(null=True, blank=True)
    made_at = models.DateTimeField()
    formed_at = models.DateTimeField(_("契約成立日時"), null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until_day=None) | Q(until_day__gt=F("from_day")),
                name="contract_has_days",
            ),
            models.CheckConstraint(
                condition=Q(state="draft", number="", formed_at=None)
                | (Q(state="formed", formed_at__isnull=False) & ~Q(number="")),
                name="contract_formed_has_number_and_time",
            ),
            models.UniqueConstraint(
                fields=["number"], condition=~Q(number=""), name="one_contract_per_number"
            ),
            # Which contract is in force for a tenant has one answer on every day.
            ExclusionConstraint(
                name="one_contract_in_force",
                expressions=[("tenant", RangeOperators.EQUAL), (DAYS, RangeOperators.OVERLAPS)],
                condition=Q(state="formed"),
            ),
        ]

    def __str__(self) -> str:
        return self.number or self.code


class Amendment(models.Model):
    """A dated change of a formed contract, with both sides' act. Append only."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="amendments")
    code = models.CharField(max_length=20, unique=True, default=new_code)
    number = models.PositiveIntegerField()
    from_day = models.DateField()
    # The new end of the contract where the amendment moves it; it never takes an end away.
    until_day = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=500)
    # The provider's side: who agreed for it.
    agreed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    # The contractor's side: an act of intent, or a signed paper on file.
    intent = models.OneToOneField(
        Intent, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    paper = models.ForeignKey(
        Paper, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    document_sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "contract", "number"], name="amendments_in_one_row"
            ),
            models.CheckConstraint(
                condition=Q(intent__isnull=False, paper=None) | Q(intent=None, paper__isnull=False),
                name="amendment_has_the_contractors_act",
            ),
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(document_sha256=""), name="amendment_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id}/{self.number}"


class Condition(models.Model):
    """One dated value of one key. Of a formed contract: added and closed by amendments only."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="conditions")
    key = models.CharField(max_length=KEY_CHARS_MAX)
    value = models.CharField(max_length=VALUE_CHARS_MAX, blank=True)
    level = models.CharField(max_length=10, choices=LEVELS, default=Level.SHEET.value)
    source = models.CharField(max_length=SOURCE_CHARS_MAX)
    document_sha256 = models.CharField(max_length=64, blank=True)
    from_day = models.DateField()
    until_day = models.DateField(null=True, blank=True)
    amendment = models.ForeignKey(
        Amendment, on_delete=models.PROTECT, null=True, blank=True, related_name="conditions"
    )
    closed_by = models.ForeignKey(
        Amendment, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            # Two live values of one key, level and day cannot be.
            ExclusionConstraint(
                name="one_value_per_key_level_and_day",
                expressions=[
                    ("contract", RangeOperators.EQUAL),
                    ("key", RangeOperators.EQUAL),
                    ("level", RangeOperators.EQUAL),
                    (DAYS, RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(level__in=["amendment", "sheet", "terms"]) & ~Q(source=""),
                name="condition_has_its_source",
            ),
            models.CheckConstraint(
                condition=Q(level="amendment", amendment__isnull=False)
                | (~Q(level="amendment") & Q(amendment=None)),
                name="condition_of_amendment_has_one",
            ),
        ]
        indexes = [
            # The question of every limit: what does the contract say of this key?
            models.Index(fields=["tenant", "key"], name="condition_in_force"),
        ]

    def __str__(self) -> str:
        return f"{self.key}={self.value} {self.from_day}"


class LicensedItem(models.Model):
    """What the contract licenses, from a day on. Closed by amendments only."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="items")
    item = models.CharField(max_length=12, choices=Item)
    source = models.CharField(max_length=SOURCE_CHARS_MAX)
    document_sha256 = models.CharField(max_length=64, blank=True)
    from_day = models.DateField()
    until_day = models.DateField(null=True, blank=True)
    amendment = models.ForeignKey(
        Amendment, on_delete=models.PROTECT, null=True, blank=True, related_name="items"
    )
    closed_by = models.ForeignKey(
        Amendment, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="an_item_is_licensed_once",
                expressions=[
                    ("contract", RangeOperators.EQUAL),
                    ("item", RangeOperators.EQUAL),
                    (DAYS, RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(item__in=Item.values) & ~Q(source=""), name="item_of_the_closed_list"
            ),
        ]
        indexes = [
            # Every request of a contractor: what is licensed today?
            models.Index(fields=["tenant", "item"], name="item_in_force"),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.from_day}"


class Snapshot(models.Model):
    """The contract as it was at formation or by an amendment: JSON, PDF, their hashes.

    Append only; the PDF is set once, of the JSON alone.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="snapshots")
    amendment = models.ForeignKey(
        Amendment, on_delete=models.PROTECT, null=True, blank=True, related_name="snapshots"
    )
    code = models.CharField(max_length=20, unique=True, default=new_code)
    on_day = models.DateField()
    at = models.DateTimeField()
    body = models.TextField()
    sha256 = models.CharField(max_length=64)
    pdf = models.BinaryField(null=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "contract", "amendment"],
                nulls_distinct=False,
                name="one_snapshot_per_step",
            ),
        ]
        indexes = [
            # The clock's question: which has no PDF yet?
            models.Index(fields=["id"], condition=Q(pdf=None), name="snapshots_without_pdf"),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.on_day}"


class Trace(models.Model):
    """What an automatic act went by: the value, why, and what it went before."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    contract = models.ForeignKey(
        Contract, on_delete=models.PROTECT, null=True, blank=True, related_name="traces"
    )
    act = models.CharField(max_length=40)
    about = models.CharField(max_length=200)
    key = models.CharField(max_length=KEY_CHARS_MAX)
    day = models.DateField()
    value = models.CharField(max_length=VALUE_CHARS_MAX, blank=True)
    level = models.CharField(max_length=10)
    source = models.CharField(max_length=SOURCE_CHARS_MAX)
    since = models.DateField(null=True, blank=True)
    document_sha256 = models.CharField(max_length=64, blank=True)
    wins_over = models.JSONField(default=list)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            # By contractor, the newest first; and the pruner's question.
            models.Index(fields=["tenant", "-at"], name="traces_of_tenant"),
            models.Index(fields=["at"], name="traces_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.key}={self.value}"
