"""Tenants, users, their memberships and the audit log."""

import secrets
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

CODE_BYTES = 9  # 72 bits: an address nobody guesses


def new_code() -> str:
    """A public id for an address: short, random, safe in a URL."""
    return secrets.token_urlsafe(CODE_BYTES).replace("-", "x").replace("_", "y")


class Tenant(models.Model):
    """A business customer (contractor) of the provider; owns devices and their data."""

    name = models.CharField(_("名称"), max_length=200)
    code = models.CharField(max_length=20, unique=True, default=new_code)
    language = models.CharField(_("言語"), max_length=5, default="ja")
    retention_days = models.PositiveIntegerField(_("保存期間（日）"), default=365)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Makes users; a user id is issued by the provider."""

    def create_user(self, login: str, password: str, **fields: object) -> "User":
        """Make a user with this password."""
        user = self.model(login=login, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person who signs in; acts for tenants through memberships, or for the provider."""

    class StaffRole(models.TextChoices):
        """What a person of the provider's office may do."""

        NONE = "", _("なし")
        ADMIN = "admin", _("管理者")
        ON_DUTY = "on_duty", _("当番")

    login = models.CharField(_("利用者ID"), max_length=64, unique=True)
    name = models.CharField(_("お名前"), max_length=100)
    email = models.CharField(_("メールアドレス"), max_length=254, blank=True)
    language = models.CharField(_("言語"), max_length=5, default="ja")
    zone = models.CharField(_("時間帯"), max_length=40, default="Asia/Tokyo")
    staff_role = models.CharField(
        _("事務局での役割"), max_length=20, choices=StaffRole, blank=True, default=""
    )
    is_active = models.BooleanField(_("有効"), default=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "login"
    REQUIRED_FIELDS = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_staff(self) -> bool:
        """Whether the person belongs to the provider's office."""
        return self.staff_role != ""


class Membership(models.Model):
    """One person acting for one tenant, with a role."""

    class Role(models.TextChoices):
        """What the person may do for the tenant."""

        ADMIN = "admin", _("管理者")
        EDITOR = "editor", _("編集者")
        VIEWER = "viewer", _("閲覧者")

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("役割"), max_length=20, choices=Role)

    class Meta:
        constraints = [
            # A person has one role in a tenant.
            models.UniqueConstraint(fields=["tenant", "user"], name="one_role_per_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}@{self.tenant_id}"

    @property
    def may_edit(self) -> bool:
        """Whether the person may change rules, recipients and names."""
        return self.role in {self.Role.ADMIN, self.Role.EDITOR}


class AuditEntry(models.Model):
    """One change that a person made: who, what, when, before and after."""

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
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action}"
