"""Tenants, the people who act for them, and the register of who may."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from noroshi.tenants.models.codes import new_code
from noroshi.tenants.models.kinds import ServiceKind
from noroshi.tenants.models.parties import Agent, Party, Subcontractor

LONG_PASSWORD_CHARS = 15


class Tenant(models.Model):
    """A business customer (contractor) of the provider; owns devices and their data."""

    name = models.CharField(_("名称"), max_length=200)
    code = models.CharField(max_length=20, unique=True, default=new_code)
    language = models.CharField(_("言語"), max_length=5, default="ja")
    created_at = models.DateTimeField()
    kind = models.ForeignKey(
        ServiceKind,
        on_delete=models.PROTECT,
        default="SG",
        related_name="tenants",
        verbose_name=_("サービス種別"),
    )
    party = models.OneToOneField(
        Party, on_delete=models.PROTECT, null=True, blank=True, related_name="tenant"
    )
    # Who sold it; an agent has no account and sees nothing of it.
    agent = models.ForeignKey(
        Agent,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="tenants",
        verbose_name=_("代理店"),
    )
    frozen_at = models.DateTimeField(null=True, blank=True)
    # Who answers for personal data on the contractor's side; changed by an act of intent only.
    privacy_name = models.CharField(_("個人情報の窓口"), max_length=100, blank=True, default="")
    privacy_email = models.CharField(_("窓口のメール"), max_length=254, blank=True, default="")
    privacy_phone = models.CharField(_("窓口の電話"), max_length=20, blank=True, default="")

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Makes users; a user id is issued by the provider."""

    def create_user(self, login: str, password: str, **fields: object) -> "User":
        """Make a user with this password, who may work at once."""
        user = self.model(login=login, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_staff(self, login: str, password: str, *roles: str, name: str) -> "User":
        """Make a person of the provider's office with these roles."""
        return self.create_user(
            login, password, name=name, kind=User.Kind.STAFF, staff_roles=list(roles)
        )


class StaffRole(models.TextChoices):
    """What a person of the provider's office may do; one person may have several."""

    ADMIN = "admin", _("管理者")
    REVIEWER = "reviewer", _("審査担当")
    APPROVER = "approver", _("承認者")
    BILLING = "billing", _("請求担当")
    PRIVACY = "privacy", _("個人情報担当")
    ON_DUTY = "on_duty", _("当番")


class User(AbstractBaseUser):
    """A person who signs in; acts for tenants through memberships, or for the provider."""

    class State(models.TextChoices):
        """An account's life (requirements, section 3); only an active one sees data."""

        ISSUED = "issued", _("発行済み（初期パスワード）")
        INITIAL = "initial", _("初期変更待ち")
        ACTIVE = "active", _("有効")
        STOPPED = "stopped", _("一時停止")
        FROZEN = "frozen", _("凍結")
        CLOSED = "closed", _("廃止")

    class Kind(models.TextChoices):
        """Whose account this is."""

        PERSON = "person", _("利用者")
        AUDIT = "audit", _("監査閲覧")
        SUBCONTRACTOR = "subcontractor", _("委託先")
        STAFF = "staff", _("事務局")

    OPEN_STATES: ClassVar[frozenset[str]] = frozenset({State.ISSUED, State.INITIAL, State.ACTIVE})

    login = models.CharField(_("利用者ID"), max_length=64, unique=True)
    name = models.CharField(_("お名前"), max_length=100)
    email = models.CharField(_("メールアドレス"), max_length=254, blank=True)
    language = models.CharField(_("言語"), max_length=5, default="ja")
    zone = models.CharField(_("時間帯"), max_length=40, default="Asia/Tokyo")
    kind = models.CharField(max_length=15, choices=Kind, default=Kind.PERSON)
    staff_roles = ArrayField(
        models.CharField(max_length=20, choices=StaffRole),
        verbose_name=_("事務局での役割"),
        default=list,
        blank=True,
    )
    subcontractor = models.ForeignKey(
        Subcontractor, on_delete=models.PROTECT, null=True, blank=True, related_name="people"
    )
    state = models.CharField(_("状態"), max_length=10, choices=State, default=State.ACTIVE)
    # The framework's word for the open states; the constraint below keeps the two in step.
    is_active = models.BooleanField(_("有効"), default=True)
    initial_until = models.DateTimeField(null=True, blank=True)
    first_change_at = models.DateTimeField(null=True, blank=True)
    password_changed_at = models.DateTimeField(null=True, blank=True)
    # Long enough to stand alone; of older ones nobody knows, so they count as short.
    has_long_password = models.BooleanField(default=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "login"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_active=True, state__in=["issued", "initial", "active"])
                | models.Q(is_active=False, state__in=["stopped", "frozen", "closed"]),
                name="user_active_as_its_state",
            ),
            # Staff, and only staff, have roles of the office: nobody from outside does.
            models.CheckConstraint(
                condition=models.Q(kind="staff", subcontractor=None)
                | models.Q(kind="subcontractor", staff_roles=[], subcontractor__isnull=False)
                | models.Q(kind__in=["person", "audit"], staff_roles=[], subcontractor=None),
                name="user_kind_and_roles_agree",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def set_password(self, raw_password: str | None) -> None:
        """Keep its hash, and whether it is long enough to open the account by itself."""
        super().set_password(raw_password)
        self.has_long_password = len(raw_password or "") >= LONG_PASSWORD_CHARS

    @property
    def is_staff(self) -> bool:
        """Whether the person belongs to the provider's office."""
        return self.kind == self.Kind.STAFF

    @property
    def must_change_password(self) -> bool:
        """Whether the person still has the initial password."""
        return self.state in {self.State.ISSUED, self.State.INITIAL}

    def has_role(self, *roles: str) -> bool:
        """Whether a person of the office has one of these roles."""
        return any(role in self.staff_roles for role in roles)


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
    has_authority = models.BooleanField(_("契約権限"), default=False)
    stopped_at = models.DateTimeField(null=True, blank=True)

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

    @property
    def may_manage(self) -> bool:
        """Whether the person may name, stop and review the tenant's users."""
        return self.role == self.Role.ADMIN


class Enrolment(models.Model):
    """A line of the register of users (利用者名簿), named by the contractor."""

    class Affiliation(models.TextChoices):
        """Whose people may be users (terms, article 1(6))."""

        OFFICER = "officer", _("役員")
        EMPLOYEE = "employee", _("従業員")
        DISPATCHED = "dispatched", _("派遣")
        ON_SITE = "on_site", _("構内請負")
        WIDENED = "widened", _("契約で広げた範囲")

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="enrolments")
    code = models.CharField(max_length=20, unique=True, default=new_code)
    name = models.CharField(_("お名前"), max_length=100)
    email = models.CharField(_("メールアドレス"), max_length=254, blank=True)
    affiliation = models.CharField(_("所属の区分"), max_length=12, choices=Affiliation)
    role = models.CharField(_("役割"), max_length=20, choices=Membership.Role)
    has_authority = models.BooleanField(_("契約権限"), default=False)
    named_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    named_at = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    membership = models.OneToOneField(
        Membership, on_delete=models.SET_NULL, null=True, blank=True, related_name="enrolment"
    )

    class Meta:
        indexes = [
            # The contractor's register: who is in it now, by name?
            models.Index(fields=["tenant", "ended_at", "name"], name="register_of_tenant"),
        ]

    def __str__(self) -> str:
        return self.name
