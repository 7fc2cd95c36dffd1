"""The demo: its cast, its weather, and the networks it pretends to be."""
