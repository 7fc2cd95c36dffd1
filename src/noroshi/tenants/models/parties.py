"""Whom the provider deals with: applicants, contractors, agents, subcontractors, their papers."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from noroshi.tenants.models.codes import new_code


class Party(models.Model):
    """A business that applies, contracts, sells or works for the provider (terms, article 1)."""

    class Kind(models.TextChoices):
        """Businesses only: a consumer cannot be a party."""

        COMPANY = "company", _("法人")
        BODY = "body", _("団体（協議会・猟友会・自治体等）")
        SOLE = "sole", _("個人事業主")

    class Standing(models.TextChoices):
        """An applicant has no rights of a contractor: no sign-in, no device, no mail."""

        APPLICANT = "applicant", _("申込者")
        CONTRACTOR = "contractor", _("契約者")
        FORMER = "former", _("契約終了")
        PARTNER = "partner", _("取引先（代理店・委託先）")

    code = models.CharField(max_length=20, unique=True, default=new_code)
    kind = models.CharField(_("事業者の種類"), max_length=10, choices=Kind)
    standing = models.CharField(
        _("立場"), max_length=12, choices=Standing, default=Standing.APPLICANT
    )
    name = models.CharField(_("名称"), max_length=200)
    kana = models.CharField(_("フリガナ"), max_length=200, blank=True)
    corporate_number = models.CharField(_("法人番号"), max_length=13, blank=True)
    postcode = models.CharField(_("郵便番号"), max_length=8, blank=True)
    municipality_code = models.CharField(_("市区町村コード"), max_length=6, blank=True)
    address = models.CharField(_("住所"), max_length=300, blank=True)
    representative = models.CharField(_("代表者"), max_length=100, blank=True)
    contact_name = models.CharField(_("担当者"), max_length=100, blank=True)
    contact_email = models.CharField(_("担当者のメール"), max_length=254, blank=True)
    phone = models.CharField(_("電話"), max_length=20, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            # A consumer cannot be entered by any door.
            models.CheckConstraint(
                condition=models.Q(kind__in=["company", "body", "sole"]), name="party_is_a_business"
            ),
            # The same corporation twice would split its history.
            models.UniqueConstraint(
                fields=["corporate_number"],
                condition=~models.Q(corporate_number=""),
                name="one_party_per_corporate_number",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Paper(models.Model):
    """A file kept as proof (an agreement, a power of attorney), with its hash."""

    SIZE_MAX: ClassVar[int] = 5_000_000
    # Of one party: years of correspondence, and no way to fill the disk.
    COUNT_MAX: ClassVar[int] = 200
    BYTES_MAX: ClassVar[int] = 200_000_000

    code = models.CharField(max_length=20, unique=True, default=new_code)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64)
    body = models.BinaryField()
    kept_at = models.DateTimeField()
    # In whose affairs; papers filed before this was asked have none.
    party = models.ForeignKey(
        Party, on_delete=models.PROTECT, null=True, blank=True, related_name="papers"
    )

    def __str__(self) -> str:
        return self.name


class Agent(models.Model):
    """A party that sells usage rights for the provider (代理店)."""

    party = models.OneToOneField(Party, on_delete=models.PROTECT, related_name="agent")
    since = models.DateField(_("開始日"))
    until = models.DateField(_("終了日"), null=True, blank=True)
    agreed_on = models.DateField(_("代理店契約の日"), null=True, blank=True)
    paper = models.ForeignKey(
        Paper, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return str(self.party)


class Subcontractor(models.Model):
    """A party that does work for the provider under article 15 (委託先)."""

    WORKS: ClassVar[dict[str, object]] = {
        "development": _("開発"),
        "delivery": _("配信"),
        "operation": _("運営"),
        "improvement": _("改良"),
        "repair": _("障害対応"),
        "maintenance": _("保守"),
    }

    party = models.OneToOneField(Party, on_delete=models.PROTECT, related_name="subcontractor")
    works = ArrayField(models.CharField(max_length=20), verbose_name=_("委託する業務"))
    tier = models.PositiveSmallIntegerField(_("委託の段階（1＝直接）"), default=1)
    country = models.CharField(_("所在国（2文字）"), max_length=2, default="JP")
    since = models.DateField(_("開始日"))
    until = models.DateField(_("終了日"), null=True, blank=True)
    secrecy_agreed_on = models.DateField(_("秘密保持契約の日"), null=True, blank=True)
    secrecy_paper = models.ForeignKey(
        Paper, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    privacy_agreed_on = models.DateField(_("個人情報の取扱契約の日"), null=True, blank=True)
    privacy_paper = models.ForeignKey(
        Paper, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return str(self.party)

    @property
    def has_both_agreements(self) -> bool:
        """Whether access may be given at all: both agreements dated, both papers filed."""
        return (
            self.secrecy_agreed_on is not None
            and self.secrecy_paper_id is not None
            and self.privacy_agreed_on is not None
            and self.privacy_paper_id is not None
        )
