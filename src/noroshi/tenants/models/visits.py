"""Looking into a tenant's data from outside: auditors, staff, subcontractors; never silently."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from noroshi.tenants.models.codes import new_code
from noroshi.tenants.models.people import Membership, Tenant, User


class Visit(models.Model):
    """A permission to look, announced beforehand, read-only, with a reason and an end."""

    class Kind(models.TextChoices):
        """Who looks: terms article 6(2), 17(2), 15(2)."""

        AUDIT = "audit", _("監査アクセス")
        STAFF = "staff", _("事務局の閲覧")
        SUBCONTRACTOR = "subcontractor", _("委託先の閲覧")

    class Department(models.TextChoices):
        """From where an auditor comes."""

        AUDITOR = "auditor", _("監査役")
        INTERNAL = "internal", _("内部監査")
        IT = "it", _("IT部門")
        OTHER = "other", _("その他")

    code = models.CharField(max_length=20, unique=True, default=new_code)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="visits")
    kind = models.CharField(max_length=15, choices=Kind)
    visitor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="visits")
    visitor_name = models.CharField(_("閲覧する方"), max_length=100)
    department = models.CharField(
        _("部署"), max_length=10, choices=Department, blank=True, default=""
    )
    reason = models.CharField(_("目的・理由"), max_length=500)
    ticket = models.CharField(_("整理番号"), max_length=60, blank=True)
    scope = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    # Whose view an auditor gets; the role of that membership is lowered to looking only.
    on_behalf_of = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    filed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    filed_at = models.DateTimeField()
    since = models.DateTimeField(_("開始"))
    until = models.DateTimeField(_("終了"))
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(since__gte=models.F("filed_at")), name="no_visit_before_notice"
            ),
            models.CheckConstraint(
                condition=models.Q(until__gt=models.F("since")), name="visit_ends_after_it_begins"
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="no_visit_without_reason"),
            models.CheckConstraint(
                condition=models.Q(kind="audit") | ~models.Q(ticket=""),
                name="no_visit_of_ours_without_ticket",
            ),
        ]
        indexes = [
            # The door's question at every request: may this person look here now?
            models.Index(fields=["visitor", "until"], name="visits_of_visitor"),
            models.Index(fields=["tenant", "-filed_at"], name="visits_of_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.visitor_name} {self.since:%Y-%m-%d}"


class VisitView(models.Model):
    """One page that a visitor opened. Append only; both sides read it."""

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="views")
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT)
    at = models.DateTimeField()
    page = models.CharField(max_length=60)
    path = models.CharField(max_length=300)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-at"], name="views_of_tenant"),
            models.Index(fields=["visit", "-at"], name="views_of_visit"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.page}"
