"""The audit log."""

from django.db import models

from noroshi.tenants.models.people import Tenant, User


class AuditEntry(models.Model):
    """One change that a person made: who, what, when, before and after. Append only."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, null=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True)
    at = models.DateTimeField()
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=200)
    details = models.JSONField(default=dict)

    class Meta:
        indexes = [
            # The contractor's question: what was changed lately, newest first?
            models.Index(fields=["tenant", "-at"], name="audit_of_tenant"),
            # The pruner's question: what is older than we keep?
            models.Index(fields=["at"], name="audit_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action}"
