"""Who is here: tenants, users, memberships, the access door, the audit log."""
