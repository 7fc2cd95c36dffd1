"""The people of the provider's office: who has which role, and who may change that."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import StaffRole, User


class NotAllowed(ValueError):
    """The roles cannot be so; the message is for the person who asked."""


def staff() -> QuerySet[User]:
    """Everybody of the office, by user id."""
    return User.objects.filter(kind=User.Kind.STAFF).order_by("login")


@transaction.atomic
def change_roles(person: User, roles: Collection[str], *, by: Actor, now: datetime) -> None:
    """Give a person of the office these roles and no others; raises NotAllowed.

    Only an administrator may; nobody takes the administrator's role from himself, and one
    administrator always stays.
    """
    if by.user is None or not by.user.has_role(StaffRole.ADMIN):
        raise NotAllowed(_("役割を変えられるのは管理者だけです。"))
    if not roles or not set(roles) <= set(StaffRole.values):
        raise NotAllowed(_("役割をひとつ以上選んでください。"))
    # All of them are held, so that two who step down at once do not both.
    held = {one.pk: one for one in staff().select_for_update(no_key=True)}
    found = held.get(person.pk)
    if found is None:
        raise NotAllowed(_("事務局の人ではありません。"))
    before, after = sorted(found.staff_roles), sorted(set(roles))
    if StaffRole.ADMIN in before and StaffRole.ADMIN not in after:
        if found.pk == by.user.pk:
            raise NotAllowed(_("自分の管理者の役割は外せません。ほかの管理者に頼んでください。"))
        others = [one for one in held.values() if one.pk != found.pk and one.is_active]
        if not any(one.has_role(StaffRole.ADMIN) for one in others):
            raise NotAllowed(_("最後の管理者の役割は外せません。"))
    if before == after:
        return
    found.staff_roles = person.staff_roles = after
    found.save(update_fields=["staff_roles"])
    details = {"before": {"roles": before}, "after": {"roles": after}}
    audit.record(by, "staff.roles_changed", found, now=now, details=details)
