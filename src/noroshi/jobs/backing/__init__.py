"""Backups: made, kept for as long as wanted, brought back, and proved by bringing them back."""
