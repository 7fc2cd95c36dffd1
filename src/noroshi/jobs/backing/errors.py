"""Why a backup was not made, not brought back, or not whole."""


class CannotBackUp(Exception):
    """No backup was made; one line for the operator."""


class BadBackup(Exception):
    """A backup is not what it should be; one line for the operator."""


class NotRestored(Exception):
    """Nothing was brought back, or not all of it; one line for the operator."""


class CannotReceive(Exception):
    """The server's log is not received; one line for the operator."""
