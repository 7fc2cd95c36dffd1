"""Noroshi: the cloud service for LPWA sensor terminals, from a radio uplink to a mail."""
