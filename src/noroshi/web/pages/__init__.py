"""The pages, one file a noun: who, what, do, show."""
