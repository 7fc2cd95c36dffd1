"""One line a record: nothing that somebody typed can look like a line of its own."""

import logging
import re
from datetime import UTC, datetime

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
# Line ends of every kind, the escape of terminals, and marks that turn the direction of text.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
INSET = "\n    | "


class Line(logging.Formatter):
    """A record with its time in UTC; control characters are written as escapes.

    A traceback follows inset, so that no line of it begins like a record.
    """

    def __init__(self) -> None:
        super().__init__(FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        record.message = plain(record.getMessage())
        record.asctime = self.formatTime(record)
        line = self.formatMessage(record)
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        after = [text for text in (record.exc_text, record.stack_info) if text]
        return INSET.join([line, *(plain(one) for text in after for one in text.splitlines())])

    def formatTime(  # noqa: N802 - the framework's name
        self, record: logging.LogRecord, datefmt: str | None = None
    ) -> str:
        """When it happened: ISO 8601 in UTC, to the millisecond."""
        del datefmt  # there is one way to write a time
        at = datetime.fromtimestamp(record.created, UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain(text: str) -> str:
    """The text with every control character written as an escape."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
