"""Tests of scopes, plans, holds and what goes by them."""
