"""Hand one mail to the mail server and say what it answered: the only user of smtplib."""

import smtplib
import socket
import ssl
import time
import urllib.parse
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from noroshi.base import failpoints

EXCHANGE_S_MAX = 60.0
LINE_BYTES_MAX = 8192
READ_BYTES = 4096
ANSWER_CHARS_MAX = 500

OK, START_MAIL, PERMANENT = 250, 354, 500
CLOSING, SIGN_IN_NEEDED = 421, 530


class BadServerAddress(ValueError):
    """The address of the mail server cannot be understood."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where and how mail is handed over."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    is_tls: bool = False  # TLS from the first byte
    is_starttls: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """How one try ended.

    Attributes:
        outcome: `sent`; `refused`: never for this message; `deferred`: not now;
            `unreachable`: the server takes no mail at all; `ambiguous`: lost after the whole
            mail was handed over, before the answer.
        code: SMTP code of the answer; None when there was none.
        text: what the server said, or what happened.
    """

    outcome: str
    code: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Probe:
    """What a mail server is like: `tls` is e.g. `TLSv1.3`, empty without; `said` is its trouble."""

    is_reached: bool
    tls: str
    said: str


def probe(server: Server) -> Probe:
    """Greet the server and sign in as a mail would, and send none."""
    line = _Line(server)
    try:
        line.greet(server)
        tls = line.sock.version() if isinstance(line.sock, ssl.SSLSocket) else ""
        with suppress(OSError, smtplib.SMTPException):
            line.quit()
    except smtplib.SMTPResponseException as error:
        return Probe(is_reached=False, tls="", said=f"{error.smtp_code} {_text(error.smtp_error)}")
    except (OSError, smtplib.SMTPException) as error:
        return Probe(is_reached=False, tls="", said=_text(str(error) or type(error).__name__))
    finally:
        line.close()
    return Probe(is_reached=True, tls=tls or "", said="")


def server_of(url: str) -> Server:
    """`smtp://[user:password@]host:port[?starttls=1]` or `smtps://…`; raises BadServerAddress."""
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadServerAddress(f"{error}") from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise BadServerAddress("it must begin with smtp://host or smtps://host")
    is_tls = parts.scheme == "smtps"
    starttls = urllib.parse.parse_qs(parts.query).get("starttls", ["0"])[-1] == "1"
    return Server(
        host=parts.hostname,
        port=port or (465 if is_tls else 25),
        user=urllib.parse.unquote(parts.username or ""),
        password=urllib.parse.unquote(parts.password or ""),
        is_tls=is_tls,
        is_starttls=starttls and not is_tls,
    )


class Relay:
    """A line to the mail server that is opened when needed and used for many mails."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._line: _Line | None = None

    def __enter__(self) -> "Relay":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def send(self, sender: str, address: str, mail: bytes) -> Answer:
        """Hand over one mail for one recipient; never raises for what the server or net does."""
        was_open = self._line is not None
        answer = self._try(sender, address, mail)
        if was_open and self._line is None and answer.outcome == "deferred":
            # A server may close a line after some mails: that says nothing about this mail.
            return self._try(sender, address, mail)
        return answer

    def close(self) -> None:
        """Say goodbye, shortly."""
        if self._line is not None:
            self._line.allow(seconds=2)
            with suppress(OSError, smtplib.SMTPException):
                self._line.quit()
            self._drop()

    def _try(self, sender: str, address: str, mail: bytes) -> Answer:
        try:
            line = self._open()
        except smtplib.SMTPResponseException as error:
            return Answer("unreachable", _code(error.smtp_code), _text(error.smtp_error))
        except (OSError, smtplib.SMTPException) as error:
            return Answer("unreachable", None, _text(str(error) or type(error).__name__))
        line.allow(seconds=EXCHANGE_S_MAX)
        try:
            answer = _exchange(line, sender, address, mail)
        except (OSError, smtplib.SMTPException) as error:
            outcome = "ambiguous" if line.is_handed_over else "deferred"
            answer = Answer(outcome, None, _text(str(error) or type(error).__name__))
            self._drop()
            return answer
        if answer.code == CLOSING or (answer.outcome != "sent" and not line.start_anew()):
            self._drop()
        return answer

    def _open(self) -> "_Line":
        if self._line is None:
            line = _Line(self._server)
            try:
                line.greet(self._server)
            except BaseException:
                line.close()
                raise
            self._line = line
            failpoints.at("send.connected")
        return self._line

    def _drop(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None


class _Line(smtplib.SMTP):
    """An SMTP connection whose whole exchange has a time limit, however slowly bytes drip."""

    def __init__(self, server: Server) -> None:
        self._end = time.monotonic() + EXCHANGE_S_MAX
        self._is_tls = server.is_tls
        self.is_handed_over = False
        super().__init__(timeout=EXCHANGE_S_MAX, local_hostname=_own_name())
        self._host = server.host  # the name that the server's certificate must show

    def greet(self, server: Server) -> None:
        """Connect and do all that comes before the first mail."""
        code, text = self.connect(server.host, server.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)
        if server.is_starttls:
            self.starttls(context=ssl.create_default_context())
        self.ehlo_or_helo_if_needed()
        if server.user:
            self.login(server.user, server.password)

    def allow(self, *, seconds: float) -> None:
        """Give the next exchange this much time."""
        self._end = time.monotonic() + seconds
        self.is_handed_over = False

    def start_anew(self) -> bool:
        """Forget a mail that was not taken; False when the line is no longer good."""
        try:
            return self.rset()[0] == OK
        except (OSError, smtplib.SMTPException):
            return False

    def hand_over(self, mail: bytes) -> tuple[int, bytes]:
        """The text of the mail after DATA; lines that begin with a dot get another one."""
        stuffed = mail.replace(b"\r\n.", b"\r\n..")
        end = b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n"
        self.is_handed_over = True
        self.send(stuffed + end)
        failpoints.at("send.handed_over")
        return self.getreply()

    def send(self, s: "str | bytes") -> None:  # type: ignore[override]
        """Send within the time that is left."""
        if self.sock:
            self.sock.settimeout(self._left())
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        """An answer within the time that is left."""
        if self.file is None and self.sock:
            self.file = _Reader(self)
        return super().getreply()

    def _left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no end within {EXCHANGE_S_MAX:.0f} s")
        return left

    def receive(self) -> bytes:
        """Some bytes, or none at the end of the line."""
        if self.sock is None:
            return b""
        self.sock.settimeout(self._left())
        return self.sock.recv(READ_BYTES)

    def _get_socket(self, host: str, port: int, _timeout: float) -> socket.socket:
        plain = socket.create_connection((host, port), timeout=self._left())
        if not self._is_tls:
            return plain
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


class _Reader:
    """Reads lines for smtplib, each piece within the time of the exchange."""

    def __init__(self, line: _Line) -> None:
        self._line = line
        self._read = b""

    def readline(self, size: int = LINE_BYTES_MAX) -> bytes:
        """A line with its end, or what there is when it is too long or the other side is gone."""
        while b"\n" not in self._read and len(self._read) < size:
            more = self._line.receive()
            if not more:
                break
            self._read += more
        end = min(self._read.find(b"\n") + 1 or len(self._read), size)
        found, self._read = self._read[:end], self._read[end:]
        return found

    def close(self) -> None:
        """Nothing is held."""


def _exchange(line: _Line, sender: str, address: str, mail: bytes) -> Answer:
    if line.has_extn("pipelining"):
        return _exchange_at_once(line, sender, address, mail)
    code, text = line.docmd(f"MAIL FROM:<{sender}>")
    if code != OK:
        # It is the sender or the server that is not in order: the mail can wait for a mend.
        return Answer("deferred", _code(code), _text(text))
    failpoints.at("send.sender_said")
    code, text = line.docmd(f"RCPT TO:<{address}>")
    if code not in {OK, 251}:
        return _refusal(code, text)
    failpoints.at("send.recipient_said")
    code, text = line.docmd("DATA")
    if code != START_MAIL:
        return _refusal(code, text)
    failpoints.at("send.data_begun")
    code, text = line.hand_over(mail)
    return Answer("sent", code, _text(text)) if code == OK else _refusal(code, text)


def _exchange_at_once(line: _Line, sender: str, address: str, mail: bytes) -> Answer:
    """The same where the server lets us say all before it answers (RFC 2920): one way less each."""
    line.send(f"MAIL FROM:<{sender}>\r\nRCPT TO:<{address}>\r\nDATA\r\n".encode())
    to_sender, to_recipient, to_data = (line.getreply() for _ in range(3))
    failpoints.at("send.data_begun")
    if to_sender[0] != OK or to_recipient[0] not in {OK, 251} or to_data[0] != START_MAIL:
        if to_data[0] == START_MAIL:
            line.send(b".\r\n")  # nobody is to get it
            line.getreply()
        if to_sender[0] != OK:
            return Answer("deferred", _code(to_sender[0]), _text(to_sender[1]))
        return _refusal(*(to_recipient if to_recipient[0] not in {OK, 251} else to_data))
    code, text = line.hand_over(mail)
    return Answer("sent", code, _text(text)) if code == OK else _refusal(code, text)


def _refusal(code: int, text: bytes) -> Answer:
    is_final = code >= PERMANENT and code != SIGN_IN_NEEDED
    return Answer("refused" if is_final else "deferred", _code(code), _text(text))


def _code(code: int) -> int | None:
    """None for an answer that was no SMTP."""
    return code if code in range(200, 600) else None


def _text(words: "str | bytes") -> str:
    decoded = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join(decoded.replace("\0", "").split())[:ANSWER_CHARS_MAX]


def _own_name() -> str:
    """A name for EHLO without asking the network for it, which could take long."""
    name = socket.gethostname()
    return name if name.isascii() and "." in name else "[127.0.0.1]"
