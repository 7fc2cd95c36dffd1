"""The browsers' ear: server-sent events."""
