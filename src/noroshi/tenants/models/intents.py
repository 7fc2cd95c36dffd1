"""Declarations of intent that bind the contractor (terms, article 6(3)): a chain nobody edits."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from noroshi.tenants.models.codes import new_code
from noroshi.tenants.models.people import Tenant, User


class IntentKind(models.TextChoices):
    """The closed list of binding acts."""

    TERMS_CONSENT = "terms_consent", _("利用規約への同意")
    AMENDMENT = "amendment", _("契約内容の変更")
    RENEWAL = "renewal", _("契約の更新")
    CANCELLATION = "cancellation", _("解約の申入れ")
    RECIPIENTS = "recipients", _("通知先の変更")
    ANTI_SOCIAL = "anti_social", _("反社会的勢力の排除に関する表明")
    PRIVACY_CONTACT = "privacy_contact", _("個人情報の窓口の変更")


class IntentDraft(models.Model):
    """The exact text put before a person, waiting for the password; good once, for half an hour."""

    code = models.CharField(max_length=20, unique=True, default=new_code)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT)
    user = models.ForeignKey(User, on_delete=models.PROTECT)
    kind = models.CharField(max_length=20, choices=IntentKind)
    text = models.TextField()
    payload = models.JSONField(default=dict)
    shown_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="drafts_by_age")]

    def __str__(self) -> str:
        return f"{self.kind} {self.code}"


class Intent(models.Model):
    """One binding act: a link of its tenant's chain. Never updated, never deleted.

    `hash` is SHA-256 over the row's canonical bytes, which begin with `previous`.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="intents")
    number = models.PositiveIntegerField()
    code = models.CharField(max_length=20, unique=True, default=new_code)
    draft_code = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=20, choices=IntentKind)
    text = models.TextField()
    text_sha256 = models.CharField(max_length=64)
    payload = models.JSONField(default=dict)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    user_login = models.CharField(max_length=64)
    user_name = models.CharField(max_length=100)
    enrolment_code = models.CharField(max_length=20)
    method = models.CharField(max_length=20)
    at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=300)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="intents_in_one_row"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id}/{self.number} {self.kind}"


class LedgerAnchor(models.Model):
    """Where each tenant's chain stood at a moment, written down daily and told to the office."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT)
    at = models.DateTimeField()
    number = models.PositiveIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="one_anchor_per_link"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id}/{self.number}"
