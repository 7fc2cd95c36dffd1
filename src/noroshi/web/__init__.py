"""The tenants' door: pages a noun a file."""
