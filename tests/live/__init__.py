"""The browsers' ear, from outside."""
