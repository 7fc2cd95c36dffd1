"""The same judgement where Django asks for it (AUTH_PASSWORD_VALIDATORS), and what it must know."""

from collections.abc import Callable, Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from noroshi.tenants import access
from noroshi.tenants.factors import has_factor
from noroshi.tenants.models import Membership, Party, Subcontractor, User
from noroshi.tenants.passwords import ALONE_CHARS_MIN, NOWHERE, Surroundings, problems

DevicesOf = Callable[[Membership], Iterable[str]]


class NewPassword:
    """Refuse what `passwords.problems` finds fault with, knowing the person and the contractors."""

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError with every reason."""
        found = problems(password, around(user) if isinstance(user, User) else NOWHERE)
        if found:
            raise ValidationError(list(found), code="password")

    def get_help_text(self) -> str:
        """What a form says beforehand."""
        return _("%(n)d文字以上。長いほど安全です。") % {"n": ALONE_CHARS_MIN}


def no_devices(_member: Membership) -> Iterable[str]:
    """For who stands on a floor that knows no devices."""
    return ()


def around(user: User, devices_of: DevicesOf = no_devices) -> Surroundings:
    """What is known about a person and the contractors acted for, looked up behind their doors.

    `devices_of` gives names and addresses of a contractor's terminals, asked while acting in it.
    """
    names, phones = [user.name], []
    for member in access.memberships_of(user) if user.pk else ():
        with access.acting_in(member.tenant_id, member.user_id):
            names += [member.tenant.name, *devices_of(member)]
            parties = list(Party.objects.filter(pk=member.tenant.party_id or 0))
        names += [name for party in parties for name in _names_of(party)]
        phones += [party.phone for party in parties]
    employers = Subcontractor.objects.filter(pk=user.subcontractor_id or 0).select_related("party")
    names += [str(employer) for employer in employers if user.pk]
    return Surroundings(
        login=user.login,
        names=tuple(name for name in names if name),
        phones=tuple(phone for phone in phones if phone),
        has_second_factor=has_factor(user),
    )


def _names_of(party: Party) -> tuple[str, ...]:
    return (party.name, party.kana, party.representative, party.contact_name)
