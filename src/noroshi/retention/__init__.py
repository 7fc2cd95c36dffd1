"""When data go: how long contracts keep them, plans, notices, holds, certificates."""
