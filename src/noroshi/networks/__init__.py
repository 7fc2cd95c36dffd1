"""One adapter a network: bytes in, Uplink out. Pure."""
