"""The table of the matrix: one line an address, saying who may look and who may change."""

from tests.house.matrix import Line, Role

PERSONS = ("viewer", "editor", "admin", "authority")
STAFF = ("admin", "reviewer", "approver", "billing", "privacy", "on_duty")
ROLES = {
    role.name: role
    for role in (
        Role("anonymous"),
        Role("initial"),
        *(Role(name) for name in PERSONS),
        Role("stranger", home="theirs", account="authority"),
        Role("stopped"),
        Role("frozen", home="frozen", account="authority"),
        Role("auditor"),
        Role("subcontractor"),
        *(Role(f"staff-{name}") for name in STAFF),
        Role("staff-visiting"),
        Role("staff-bare"),
    )
}

ALL = frozenset(ROLES)
NOBODY: frozenset[str] = frozenset()
EVERYBODY = ALL - {"anonymous"}
STAFFS = frozenset({*(f"staff-{name}" for name in STAFF), "staff-visiting"})
AUTHORITY = frozenset({"authority", "stranger"})
MANAGERS = AUTHORITY | {"admin"}
EDITORS = MANAGERS | {"editor"}
MEMBERS = EDITORS | {"viewer"}
VISITORS = frozenset({"auditor", "subcontractor", "staff-visiting"})
READERS = MEMBERS | VISITORS
INSIDE = READERS - {"subcontractor"}  # its two scopes end here
FILE = "?since=2026-01-01&until=2026-01-02&shape=long&encoding=utf-8&device={device}"
# Whose account works: it may look after itself and choose for whom to act.
GUESTS = frozenset({"auditor"})
ANYONE = frozenset({"anonymous"})
WITH_APP = STAFFS | {"subcontractor"}
WORKING = READERS | STAFFS | {"stopped", "frozen"}


def office(*roles: str) -> frozenset[str]:
    """These of the office; who visits a contractor is on duty."""
    named = {f"staff-{role}" for role in roles}
    return frozenset(named | ({"staff-visiting"} if "on_duty" in roles else set()))


OPERATION = office("admin", "on_duty")
DEVICES = office("admin", "reviewer", "approver", "on_duty")
CONTRACTS = office(*STAFF)
PARTIES = office("admin", "reviewer", "approver", "billing", "privacy")
APPROVING = office("admin", "reviewer", "approver")
ACCOUNTS = office("admin", "reviewer", "approver", "on_duty")
ISSUING = office("admin", "reviewer")
PRIVACY = office("admin", "privacy")
VISITING = office("admin", "privacy", "on_duty")

LED = (200, 302)  # a page of one's own, or first to the page that asks for the password again
HELD = WORKING | {"staff-bare"}  # who may set up a second factor, having none yet
OUTSIDE = WORKING | {"anonymous"}

OPEN = (
    Line("healthz", get=ALL, is_public=True),
    Line("metrics", get=NOBODY),  # whoever shows the token; no role does
    # Whoever holds the signed link of a mail; nobody's role makes one.
    Line("incident-by-mail", get=ALL, post=ALL, of="token=!nothing", ok=(410,)),
    Line("csp-report", get=None, post=ALL, is_public=True),
    Line("set_language", get=None, post=ALL, ok=LED),
    Line("consent", get=ALL, post=ALL, of="token=!nothing", ok=(404,)),
    Line("demo-progress", get=NOBODY),
    Line("demo-mails", get=NOBODY),
    Line("demo-mail", get=NOBODY, of="mail_id=!nothing"),
)
ACCOUNT = (
    Line("sign-in", get=ANYONE, post=ANYONE),
    Line("account_login", get=ANYONE, post=ANYONE),
    Line("mfa_login_webauthn", get=ANYONE, post=ANYONE, ok=LED),
    Line("mfa_authenticate", get=OUTSIDE, post=OUTSIDE, ok=(302,)),
    Line("sign-out", get=None, post=ALL, ok=LED),
    Line("first-password", get=frozenset({"initial"}), post=frozenset({"initial"})),
    Line(
        "first-link",
        get=ALL,
        post=ALL,
        of="token=!nothing",
        ok=(200, 410),
    ),
    Line("forgotten", get=OUTSIDE, post=OUTSIDE),
    Line("reset", get=OUTSIDE, post=OUTSIDE, of="uidb64=!MQ token=!no-token"),
    Line("reset-done", get=OUTSIDE),
    Line("confirm", get=HELD, post=HELD),
    Line("password", get=WORKING, post=WORKING, ok=LED),
    Line("account", get=WORKING, post=WORKING),
    Line("mfa_index", get=WORKING, post=WORKING),
    Line("sessions-end", get=None, post=WORKING, ok=LED),
    Line("device-forget", get=None, post=WORKING, ok=LED),
    Line("account-mail", get=WORKING, post=WORKING, ok=LED),
    Line("mail-confirm", get=WORKING, post=WORKING, of="token=!nothing", ok=(200, 302, 404)),
    Line("factor-set-up", get=HELD),
    Line("mfa_activate_totp", get=HELD, post=HELD, ok=LED),
    Line("mfa_deactivate_totp", get=WITH_APP, post=WITH_APP, ok=LED),
    Line("mfa_add_webauthn", get=HELD, post=HELD, ok=LED),
    Line("mfa_remove_webauthn", get=WORKING, post=WORKING, of="pk=my_passkey", ok=LED),
    Line("mfa_view_recovery_codes", get=HELD, ok=(200, 302, 404)),
    Line("mfa_generate_recovery_codes", get=WORKING, post=WORKING, ok=LED),
    Line("choose-tenant", get=WORKING),
    Line("act-for", get=None, post=MEMBERS, of="code=tenant", ok=LED),
    Line("looking", get=WORKING),
    Line("looking-begin", get=None, post=GUESTS, of="code=visit", ok=LED),
    Line("looking-end", get=None, post=GUESTS, of="code=visit", ok=LED),
)
LOOKING = (
    Line("home", get=READERS),
    Line("home-live", get=READERS),
    Line("open-count", get=READERS),
    Line("devices", get=READERS),
    Line("device", get=READERS, of="code=device"),
    Line("device-facts", get=READERS, of="code=device"),
    Line("device-chart", get=READERS, of="code=device", query="?key=temperature"),
    Line("device-table", get=READERS, of="code=device"),
    Line("device-summary", get=READERS, of="code=device"),
    Line("device-uplinks", get=READERS, of="code=device"),
    Line("device-uplink", get=READERS, of="code=device sent_us=sent_us message=message"),
    Line("device-rules", get=READERS, of="code=device"),
    Line("incidents", get=READERS),
    Line("incident", get=READERS, of="code=incident"),
    Line("rules", get=READERS),
    Line("recipients", get=INSIDE),
    Line("policy", get=INSIDE, post=EDITORS),
    Line("why", get=INSIDE),
    Line("mails", get=INSIDE),
    Line("mail", get=INSIDE, of="number=mail"),
    Line("export", get=INSIDE),
    Line("export-file", get=INSIDE, query=FILE),
    Line("deletions", get=INSIDE),
    Line("deletion-certificate", get=INSIDE, of="code=deletion"),
    Line("history", get=INSIDE),
    Line("privacy-contact", get=INSIDE, post=AUTHORITY),
)
MANAGING = (
    Line("users", get=MANAGERS),
    Line("user-new", get=MANAGERS, post=MANAGERS),
    Line("violations", get=MANAGERS),
    Line("users-review", get=MANAGERS, post=MANAGERS),
    Line("users-freeze", get=MANAGERS, post=MANAGERS),
    Line("user", get=MANAGERS, post=MANAGERS, of="code=enrolment"),
    Line("user-stop", get=None, post=MANAGERS, of="code=enrolment"),
    Line("user-start", get=None, post=MANAGERS, of="code=enrolment"),
    Line("user-end", get=None, post=MANAGERS, of="code=enrolment"),
    Line("sign-ins", get=MANAGERS),
    Line("sign-ins-file", get=MANAGERS),
    Line("audits", get=MANAGERS),
    Line("audit-new", get=MANAGERS, post=MANAGERS),
    Line("audit", get=MANAGERS, of="code=visit"),
    Line("audit-end", get=None, post=MANAGERS, of="code=visit"),
    Line("accesses", get=MANAGERS),
    Line("access", get=MANAGERS, of="code=access"),
    Line("contract", get=MANAGERS),
    Line("contract-pdf", get=MANAGERS, of="code=snapshot"),
    Line("contract-json", get=MANAGERS, of="code=snapshot"),
    Line("acts", get=MANAGERS),
    Line("act-kept", get=MANAGERS, of="code=intent"),
    Line("act-copy", get=MANAGERS, of="code=intent"),
    Line("act", get=AUTHORITY, post=AUTHORITY, of="code=draft"),
)
CHANGING = (
    Line("device-downlinks", get=EDITORS, post=EDITORS, of="code=device"),
    Line("downlink-cancel", get=None, post=EDITORS, of="code=device number=downlink"),
    Line("device-label", get=EDITORS, of="code=device"),
    Line("label", get=READERS, of="code=thing", ok=(302,)),
    Line("device-settings", get=EDITORS, post=EDITORS, of="code=device"),
    Line("incident-acknowledge", get=None, post=EDITORS, of="code=incident"),
    Line("incident-take", get=None, post=EDITORS, of="code=incident"),
    Line("incident-comment", get=None, post=EDITORS, of="code=incident"),
    Line("policy-words", get=MANAGERS, post=MANAGERS),
    Line("policy-wish", get=None, post=EDITORS, of="code=recipient"),
    Line("group-new", get=EDITORS, post=EDITORS),
    Line("group", get=EDITORS, post=EDITORS, of="code=group"),
    Line("group-remove", get=None, post=EDITORS, of="code=group"),
    Line("incident-settle", get=None, post=EDITORS, of="code=incident"),
    Line("rule-new", get=EDITORS, post=EDITORS),
    Line("rule-trial", get=EDITORS, of="code=device", query="?key=temperature&upper=1&hold_min=0"),
    Line("rule", get=EDITORS, post=EDITORS, of="code=rule"),
    Line("shared-rule-new", get=EDITORS, post=EDITORS, query="?scope=group"),
    Line("shared-rule", get=EDITORS, post=EDITORS, of="code=shared_rule"),
    Line("shared-rule-remove", get=None, post=EDITORS, of="code=shared_rule"),
    Line("rule-remove", get=None, post=EDITORS, of="code=rule"),
    Line("recipient-new", get=AUTHORITY, post=AUTHORITY),
    Line("webhook-new", get=AUTHORITY, post=AUTHORITY),
    Line("webhook-secret", get=None, post=AUTHORITY, of="code=recipient"),
    Line("recipient", get=AUTHORITY, post=AUTHORITY, of="code=recipient"),
    Line("recipient-pause", get=None, post=EDITORS, of="code=recipient"),
    Line("recipient-charset", get=None, post=EDITORS, of="code=recipient"),
    Line("recipient-test", get=None, post=EDITORS, of="code=recipient"),
    Line("recipient-ask", get=None, post=EDITORS, of="code=recipient"),
    Line("recipients-lift", get=None, post=EDITORS),
    Line("recipient-remove", get=None, post=AUTHORITY, of="code=recipient"),
)


def desk(
    name: str,
    get: frozenset[str] | None,
    post: frozenset[str] | None = None,
    of: str = "",
    ok: tuple[int, ...] = (200,),
) -> Line:
    """A line of the office."""
    return Line(f"office-{name}", get=get, post=post, of=of, ok=ok, is_office=True)


OFFICE = (
    desk("home", STAFFS),
    desk("home-live", STAFFS),
    desk("open-count", OPERATION),
    desk("inbox", OPERATION),
    desk("inbox-run-all", None, OPERATION, ok=(302, 404)),
    desk("entry", OPERATION, None, "key=entry"),
    desk("entry-again", None, OPERATION, "key=entry"),
    desk("entry-dismiss", None, OPERATION, "key=entry"),
    desk("devices", DEVICES),
    desk("device-new", OPERATION, OPERATION),
    desk("device-import", OPERATION, OPERATION),
    desk("device", DEVICES, None, "code=device"),
    desk("device-edit", OPERATION, OPERATION, "code=device"),
    desk("device-retire", None, OPERATION, "code=device"),
    desk("things", DEVICES),
    desk("thing-new", DEVICES, OPERATION),
    desk("thing-labels", DEVICES),
    desk("thing", DEVICES, None, "code=thing"),
    desk("thing-hand", DEVICES, OPERATION, "code=thing"),
    desk("thing-release", None, OPERATION, "code=thing"),
    desk("thing-retire", None, OPERATION, "code=thing"),
    desk("types", OPERATION),
    desk("type-new", OPERATION, OPERATION),
    desk("type", OPERATION, OPERATION, "number=type"),
    desk("tenants", CONTRACTS),
    desk("tenant-new", CONTRACTS, APPROVING),
    desk("tenant", CONTRACTS, APPROVING, "code=tenant"),
    desk("tenant-party", None, APPROVING, "code=tenant"),
    desk("tenant-unfreeze", None, ISSUING, "code=tenant"),
    desk("member-new", ACCOUNTS, ISSUING, "code=tenant"),
    desk("member-issue", ACCOUNTS, ISSUING, "code=tenant line=waiting"),
    desk("member", ACCOUNTS, None, "code=tenant number=member"),
    desk("member-state", None, ISSUING, "code=tenant number=member verb=!stop"),
    desk("member-factors", None, ISSUING, "code=tenant number=member"),
    desk("member-again", None, ISSUING, "code=tenant number=member"),
    desk("contracts", CONTRACTS),
    desk("contract", CONTRACTS, None, "code=contract"),
    desk("contract-items", CONTRACTS, None, "code=contract"),
    desk("contract-papers", CONTRACTS, None, "code=contract"),
    desk("contract-amend", CONTRACTS, APPROVING, "code=contract"),
    desk("contract-pdf", CONTRACTS, None, "code=contract paper=snapshot"),
    desk("contract-json", CONTRACTS, None, "code=contract paper=snapshot"),
    desk("kinds", CONTRACTS),
    desk("kind", CONTRACTS, office("admin"), "code=!WANA"),
    desk("parties", PARTIES),
    desk("party-new", PARTIES, APPROVING),
    desk("party", PARTIES, None, "code=party"),
    desk("party-edit", PARTIES, APPROVING, "code=party"),
    desk("party-standing", None, APPROVING, "code=party"),
    desk("party-agent", None, APPROVING, "code=party"),
    desk("paper", PARTIES, None, "code=paper"),
    desk("subcontractors", office("admin", "approver", "privacy")),
    desk("subcontractor-new", office("admin", "approver", "privacy"), PRIVACY),
    desk("subcontractor", office("admin", "approver", "privacy"), PRIVACY, "code=subcontractor"),
    desk("subcontractor-agreements", None, PRIVACY, "code=subcontractor"),
    desk("subcontractor-person-new", None, PRIVACY, "code=subcontractor"),
    desk("subcontractor-person-close", None, PRIVACY, "code=subcontractor number=helper"),
    desk("visits", VISITING),
    desk("visit-new", VISITING, VISITING),
    desk("visit-grant", VISITING, VISITING),
    desk("visit", VISITING, None, "code=visit"),
    desk("visit-end", None, VISITING, "code=visit"),
    desk("visit-enter", None, office("visiting"), "code=access", LED),
    desk("deletions", office("admin", "approver", "privacy", "on_duty")),
    desk("deletion", office("admin", "approver", "privacy", "on_duty"), None, "code=plan"),
    desk("deletion-letter", None, PRIVACY, "code=plan"),
    desk(
        "deletion-certificate", office("admin", "approver", "privacy", "on_duty"), None, "code=plan"
    ),
    desk("holds", office("admin", "approver", "privacy", "on_duty"), PRIVACY),
    desk("hold-lift", None, PRIVACY, "code=hold", LED),
    desk("agents", PARTIES),
    desk("agent", PARTIES, APPROVING, "code=agent"),
    desk("agent-end", None, APPROVING, "code=agent"),
    desk("agent-agreement", None, APPROVING, "code=agent"),
    desk("tenant-agent", None, APPROVING, "code=tenant"),
    desk("violations", CONTRACTS - office("billing")),
    desk("violation", CONTRACTS - office("billing"), None, "code=violation"),
    desk("tenant-violation", CONTRACTS - office("billing"), APPROVING, "code=tenant"),
    desk("violation-decide", None, APPROVING, "code=violation verb=!clear"),
    desk("approvals", CONTRACTS),
    desk("approval", CONTRACTS, None, "code=approval"),
    desk("approval-approve", None, office("approver"), "code=approval"),
    desk("approval-refuse", None, office("approver"), "code=approval"),
    desk("approval-withdraw", None, CONTRACTS - office("billing"), "code=approval"),
    desk("staff", PRIVACY),
    desk("staff-new", PRIVACY, office("admin")),
    desk("staff-one", PRIVACY, office("admin"), "number=staff"),
    desk("connections", OPERATION),
    desk("connection-new", OPERATION, OPERATION),
    desk("broker-new", OPERATION, OPERATION),
    desk("broker", OPERATION, OPERATION, "number=broker"),
    desk("broker-try", None, OPERATION, "number=broker"),
    desk("connection", OPERATION, OPERATION, "number=connection"),
    desk("connection-set-up", OPERATION, None, "number=connection"),
    desk("connection-renew", None, OPERATION, "number=connection"),
    desk("connection-open", None, OPERATION, "number=connection"),
    desk("codecs", OPERATION),
    desk("codec-new", OPERATION, OPERATION),
    desk("codec", OPERATION, OPERATION, "number=codec"),
    desk("codec-versions", OPERATION, None, "number=codec"),
    desk("why", office("admin", "privacy", "on_duty")),
    desk("outages", office("admin", "privacy", "on_duty")),
    desk("mails", office("admin", "privacy", "on_duty")),
    desk("mail", office("admin", "privacy", "on_duty"), None, "number=mail"),
    desk("incoming", office("admin", "privacy", "on_duty")),
    desk("incoming-one", office("admin", "privacy", "on_duty"), None, "number=incoming"),
    desk("incoming-close", None, OPERATION, "number=incoming"),
    desk("mail-retry", None, OPERATION, "number=mail"),
    desk("mail-give-up", None, OPERATION, "number=mail"),
    desk("system", OPERATION),
    desk("history", office("admin", "approver", "privacy", "on_duty")),
)

LINES = {line.name: line for line in (*OPEN, *ACCOUNT, *LOOKING, *MANAGING, *CHANGING, *OFFICE)}
