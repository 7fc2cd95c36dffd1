"""The walls around the tables of the sign-in libraries."""

from noroshi.tenants.walls import ALL, house

BEFORE = "asked before it is known who is there; no tenant's data"

WALLS = (
    house("account_emailaddress", "unused: a person's address stands in tenants_user", ALL),
    house("account_emailconfirmation", "unused: a person's address stands in tenants_user", ALL),
    house("mfa_authenticator", f"{BEFORE}; secrets are sealed", ALL),
    house("usersessions_usersession", "a person's own browsers; keys cannot be guessed", ALL),
    house("axes_accessattempt", BEFORE, ALL),
    house("axes_accessattemptexpiration", BEFORE, ALL),
    house("axes_accessfailurelog", BEFORE, ALL),
    house("axes_accesslog", "unused", ALL),
)
