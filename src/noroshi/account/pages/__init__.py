"""The front hall's pages."""
