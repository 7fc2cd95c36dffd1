"""MQTT as a subscriber speaks it: bytes, one connection to a broker, and trying one out."""
