"""The one place that reads the environment: every program takes its settings from here."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from noroshi.base import remote, secret_files
from noroshi.base.mail_settings import MailSettings, mail_settings
from noroshi.base.secret_files import SUFFIX, BadSecretFile


@dataclass(frozen=True, slots=True)
class Backup:
    """What the operator wants of backups; without a folder none are made.

    Attributes:
        folder: where they are kept; None = no backups by themselves.
        form: `dump` (small databases) or `base` (the whole cluster with its log).
        at: (hour, minute) of the day in Japan at which one is made.
        daily, weekly: of how many days, and of how many weeks, one is kept.
        drill_days: how often one is restored for proof; 0 = never.
        url: a role that sees every row, on a server of the operator's own; empty = the embedded.
        is_wal: the server's log is received into the folder as it is written.
        is_sync: a commit is acknowledged only when the folder has its log.
        wal_days: any moment of so many days can be brought back; 0 = since the oldest backup.
        wal_url: the role that receives the log, on a server of the operator's own.
    """

    folder: Path | None
    form: str
    at: tuple[int, int]
    daily: int
    weekly: int
    drill_days: int
    url: str
    is_wal: bool = False
    is_sync: bool = False
    wal_days: int = 7
    wal_url: str = ""


@dataclass(frozen=True, slots=True)
class MailProof:
    """How mail comes back to us and is signed; without a domain none comes back.

    Attributes:
        domain: where answers and bounces are sent; its MX hands them to `noroshi receive`.
        port: TCP port on which that program listens.
        dkim_selector, dkim_key: under which name our public key is published, and the private one
            (PEM); empty = mails go unsigned.
    """

    domain: str
    port: int
    dkim_selector: str
    dkim_key: str


@dataclass(frozen=True, slots=True)
class Environment:
    """What the operator set, with the defaults of a single machine.

    Attributes:
        database_url: `postgresql://user:password@host:port/name`; empty = none given.
        app_database_url, pipeline_database_url: the same database for the other two roles.
        secret_key: at least 32 characters; signs sessions and links.
        host: address the programs listen on.
        web_port, gate_port, live_port: TCP ports of the three doors.
        live_url: public address of the live stream behind a proxy; empty = own port.
        base_url: public address of the pages, for links in mails.
        gate_url: public address of the gate, shown in set-up instructions.
        syslog: `tls://host:port` or `tcp://host:port` where logs go too; empty = nowhere.
        old_secret_keys: former secret keys, still good for opening what they sealed.
        proxies: how many proxies of our own stand before the pages and add X-Forwarded-For.
        smtp_url: `smtp://[user:password@]host:port[?starttls=1]`, `smtps://…`.
        mail_from: the sender of every mail.
        mails: what stands at the end of every mail, and how fast a domain gets them.
        mail_proof: where bounces and answers come back to, and how mails are signed.
        var: folder of local state (logs, demo, embedded database, the gate's spool).
        rate_per_connection: uplinks/s that the gate takes of one connection; 0 = any.
        spool_mb: MB that a gate's spool may hold while the database is away; 0 = no spool.
        operation_log_days: days that raw uplinks are kept where the kind of service keeps no data.
        strangers_days: days that raw uplinks of unknown devices are kept.
        metrics_token: what a reader of the figures must show; empty = nobody reads them.
        allowed_hosts: host names the pages answer to.
        backup: where, when and how often backups are made and proved.
        failpoints: where a fault run makes a program die, e.g. `spine.stored=kill:0.01`.
        is_two_persons: what matters most in the office takes a second person.
        webhook_ports: TCP ports to which webhooks may go.
        webhook_trusted: `host:port` of receivers in the operator's own network.
    """

    database_url: str
    app_database_url: str
    pipeline_database_url: str
    secret_key: str
    old_secret_keys: tuple[str, ...]
    proxies: int
    host: str
    web_port: int
    gate_port: int
    live_port: int
    live_url: str
    base_url: str
    gate_url: str
    smtp_url: str
    mail_from: str
    mails: MailSettings
    mail_proof: MailProof
    syslog: str
    var: Path
    spool_mb: int
    rate_per_connection: int
    operation_log_days: int
    strangers_days: int
    metrics_token: str
    allowed_hosts: tuple[str, ...]
    is_two_persons: bool
    is_https: bool
    is_demo: bool
    is_debug: bool
    backup: Backup
    failpoints: str
    webhook_ports: tuple[int, ...]
    webhook_trusted: tuple[str, ...]


ROLE_URLS = {
    "noroshi_app": "NOROSHI_APP_DATABASE_URL",
    "noroshi_pipeline": "NOROSHI_PIPELINE_DATABASE_URL",
}
LENT = ("DATABASE_URL", *ROLE_URLS.values(), "NOROSHI_SECRET_KEY")
TOKEN_CHARS_MIN = 24
LENT_FILE = "environment"
BACKUP_FORMS = ("dump", "base")
BACKUP_URL = "NOROSHI_BACKUP_URL"  # of a role that no wall holds: for one program only
WAL_URL = "NOROSHI_WAL_URL"
# What may come from a file instead: NAME_FILE names it.
SECRETS = (
    *LENT,
    *("NOROSHI_OLD_SECRET_KEYS", "NOROSHI_SMTP_URL", "NOROSHI_METRICS_TOKEN", "NOROSHI_DKIM_KEY"),
    WAL_URL,
)
LOCAL_SMTP = "smtp://127.0.0.1:25"


_DOMAIN = re.compile(
    r"(?=.{1,190}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]"
)

_SELECTOR = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")


class BadSetting(SystemExit):
    """A setting cannot be used; the message says which, why and what to do."""


def read(source: "os._Environ[str] | dict[str, str] | None" = None) -> Environment:
    """Read all settings; a wrong one ends the program with one clear line."""
    env = os.environ if source is None else source
    host = env.get("NOROSHI_HOST", "127.0.0.1")
    web_port, gate_port = port(env, "NOROSHI_WEB_PORT", 8000), port(env, "NOROSHI_GATE_PORT", 8001)
    base_url = env.get("NOROSHI_BASE_URL", f"http://{host}:{web_port}").rstrip("/")
    hosts = env.get("NOROSHI_ALLOWED_HOSTS", f"127.0.0.1,localhost,[::1],{host}")
    known = secrets_of(env)
    refuse_in_the_clear(env, known)
    return Environment(
        database_url=known["DATABASE_URL"],
        app_database_url=known["NOROSHI_APP_DATABASE_URL"],
        pipeline_database_url=known["NOROSHI_PIPELINE_DATABASE_URL"],
        secret_key=known["NOROSHI_SECRET_KEY"],
        old_secret_keys=tuple(known["NOROSHI_OLD_SECRET_KEYS"].split()),
        proxies=number(env, "NOROSHI_PROXIES", 0, most=9),
        host=host,
        web_port=web_port,
        gate_port=gate_port,
        live_port=port(env, "NOROSHI_LIVE_PORT", 8002),
        live_url=env.get("NOROSHI_LIVE_URL", ""),
        base_url=base_url,
        gate_url=env.get("NOROSHI_GATE_URL", f"http://{host}:{gate_port}").rstrip("/"),
        smtp_url=known["NOROSHI_SMTP_URL"] or LOCAL_SMTP,
        syslog=env.get("NOROSHI_SYSLOG", ""),
        mail_from=env.get("NOROSHI_MAIL_FROM", "Noroshi <noroshi@localhost.localdomain>"),
        mails=read_mails(env),
        mail_proof=read_mail_proof(env, known),
        var=Path(env.get("NOROSHI_VAR", "var")).absolute(),
        spool_mb=number(env, "NOROSHI_SPOOL_MB", 512, most=1_000_000),
        rate_per_connection=number(env, "NOROSHI_RATE_PER_CONNECTION", 2000, most=1_000_000),
        operation_log_days=number(env, "NOROSHI_OPERATION_LOG_DAYS", 93, least=7, most=3660),
        strangers_days=number(env, "NOROSHI_STRANGERS_DAYS", 93, least=7, most=3660),
        metrics_token=token(known, "NOROSHI_METRICS_TOKEN"),
        allowed_hosts=tuple(h.strip() for h in hosts.split(",") if h.strip()),
        is_two_persons=number(env, "NOROSHI_TWO_PERSONS", 1, most=1) == 1,
        is_https=base_url.startswith("https://"),
        is_demo=env.get("NOROSHI_DEMO", "") == "1",
        is_debug=env.get("NOROSHI_DEBUG", "") == "1",
        backup=read_backup(env, known[WAL_URL]),
        failpoints=failpoints(env),
        webhook_ports=ports(env, "NOROSHI_WEBHOOK_PORTS", "443,8443"),
        webhook_trusted=tuple(
            env.get("NOROSHI_WEBHOOK_TRUSTED", "").replace(",", " ").lower().split()
        ),
    )


def read_backup(env: "os._Environ[str] | dict[str, str]", wal_url: str) -> Backup:
    """The settings of backups."""
    folder, form = env.get("NOROSHI_BACKUP_FOLDER", ""), env.get("NOROSHI_BACKUP_FORM", "dump")
    if form not in BACKUP_FORMS:
        raise BadSetting(f"noroshi: NOROSHI_BACKUP_FORM={form!r} must be dump or base.")
    is_wal = number(env, "NOROSHI_WAL", 0, most=1) == 1
    is_sync = number(env, "NOROSHI_WAL_SYNC", 0, most=1) == 1
    if is_wal and not (folder and form == "base"):
        raise BadSetting(
            "noroshi: NOROSHI_WAL=1 needs NOROSHI_BACKUP_FOLDER and NOROSHI_BACKUP_FORM=base: "
            "the log goes on from a base backup."
        )
    if is_sync and not is_wal:
        raise BadSetting("noroshi: NOROSHI_WAL_SYNC=1 needs NOROSHI_WAL=1.")
    return Backup(
        folder=Path(folder).absolute() if folder else None,
        form=form,
        at=time_of_day(env, "NOROSHI_BACKUP_AT", "02:30"),
        daily=number(env, "NOROSHI_BACKUP_DAILY", 7, most=400),
        weekly=number(env, "NOROSHI_BACKUP_WEEKLY", 5, most=400),
        drill_days=number(env, "NOROSHI_DRILL_DAYS", 7, most=400),
        url=env.get(BACKUP_URL, ""),
        is_wal=is_wal,
        is_sync=is_sync,
        wal_days=number(env, "NOROSHI_WAL_DAYS", 7, most=400),
        wal_url=wal_url,
    )


def read_mails(env: "os._Environ[str] | dict[str, str]") -> MailSettings:
    """The settings of all mails."""
    try:
        return mail_settings(env)
    except ValueError as error:
        raise BadSetting(f"noroshi: {error}") from None


def read_mail_proof(env: "os._Environ[str] | dict[str, str]", known: dict[str, str]) -> MailProof:
    """The settings of what comes back, and of signatures."""
    domain = env.get("NOROSHI_RETURN_DOMAIN", "").strip().lower()
    if domain and not _DOMAIN.fullmatch(domain):
        raise BadSetting(
            f"noroshi: NOROSHI_RETURN_DOMAIN={domain!r} is no domain; give it as mail.example.jp."
        )
    selector = env.get("NOROSHI_DKIM_SELECTOR", "").strip().lower()
    if selector and not _SELECTOR.fullmatch(selector):
        raise BadSetting(
            f"noroshi: NOROSHI_DKIM_SELECTOR={selector!r} is no name; give it as noroshi1."
        )
    return MailProof(
        domain,
        port(env, "NOROSHI_RECEIVE_PORT", 8026),
        dkim_selector=selector,
        dkim_key=known["NOROSHI_DKIM_KEY"],
    )


def failpoints(source: "os._Environ[str] | dict[str, str] | None" = None) -> str:
    """The failpoints of a fault run; refused where nobody said that this is one."""
    env = os.environ if source is None else source
    wanted = env.get("NOROSHI_FAILPOINTS", "")
    if wanted and env.get("NOROSHI_FAULT_RUN", "") != "1":
        raise BadSetting(
            "noroshi: NOROSHI_FAILPOINTS makes programs die on purpose; it is taken only with "
            "NOROSHI_FAULT_RUN=1, in a test."
        )
    return wanted


def secrets_of(env: "os._Environ[str] | dict[str, str]") -> dict[str, str]:
    """Every secret by its name, from the environment or its file; empty = not given."""
    try:
        return {name: secret_files.value_of(env, name) for name in SECRETS}
    except BadSecretFile as error:
        raise BadSetting(f"noroshi: {error}.") from None


def refuse_in_the_clear(env: "os._Environ[str] | dict[str, str]", known: dict[str, str]) -> None:
    """End the program when a remote database, mail server or log collector is meant without TLS.

    Hosts in NOROSHI_TRUSTED_HOSTS stand in a private network that the operator vouches for.
    """
    trusted = frozenset(env.get("NOROSHI_TRUSTED_HOSTS", "").replace(",", " ").lower().split())
    faults = [
        remote.database_fault(known[name], trusted)
        for name in ("DATABASE_URL", WAL_URL, *ROLE_URLS.values())
    ]
    faults.append(remote.mail_fault(known["NOROSHI_SMTP_URL"], trusted))
    faults.append(remote.syslog_fault(env.get("NOROSHI_SYSLOG", ""), trusted))
    for fault in filter(None, faults):
        raise BadSetting(f"noroshi: {fault}.")


def without_databases(env: "os._Environ[str] | dict[str, str]") -> dict[str, str]:
    """The environment without any database's address, given or in a file."""
    names = ("DATABASE_URL", BACKUP_URL, WAL_URL, *ROLE_URLS.values())
    shut = {*names, *(name + SUFFIX for name in names)}
    return {name: value for name, value in env.items() if name not in shut}


def lend(settings: "os._Environ[str] | dict[str, str]", var: Path) -> Path:
    """Leave what a tool in another terminal needs beside the running house; returns the file."""
    file = var / LENT_FILE
    draft = file.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text("".join(f"{name}={settings[name]}\n" for name in LENT if name in settings))
    return draft.replace(file)


def borrow() -> None:
    """Without a DATABASE_URL of one's own, take that of the house running on this folder."""
    file = Path(os.environ.get("NOROSHI_VAR", "var")) / LENT_FILE
    is_told = os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_URL" + SUFFIX)
    if is_told or not file.is_file():
        return
    for line in file.read_text().splitlines():
        name, _, value = line.partition("=")
        if name in LENT and not os.environ.get(name + SUFFIX):
            os.environ.setdefault(name, value)


def take_credentials() -> None:
    """Take secrets that systemd laid into files for this program alone (LoadCredential)."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    for name in SECRETS if folder else ():
        file = Path(str(folder)) / name
        if file.is_file():
            os.environ.setdefault(name, file.read_text().strip())


def act_as(role: str) -> None:
    """Take this database role's address, where one is given, and know no other from now on."""
    own = {end: os.environ.get(ROLE_URLS[role] + end) for end in ("", SUFFIX)}
    for name in ROLE_URLS.values():
        os.environ.pop(name, None)
        os.environ.pop(name + SUFFIX, None)
    if not any(own.values()):
        return
    for end, value in own.items():
        os.environ.pop("DATABASE_URL" + end, None)
        if value:
            os.environ["DATABASE_URL" + end] = value


def port(env: "os._Environ[str] | dict[str, str]", name: str, default: int) -> int:
    """A TCP port, 1 to 65535."""
    text = env.get(name, str(default))
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise BadSetting(f"noroshi: {name}={text!r} is not a port; give a number from 1 to 65535.")
    return int(text)


def ports(env: "os._Environ[str] | dict[str, str]", name: str, default: str) -> tuple[int, ...]:
    """TCP ports, separated by commas."""
    given = env.get(name, default).replace(",", " ").split()
    return tuple(port({name: one}, name, 443) for one in given)


def token(env: "os._Environ[str] | dict[str, str]", name: str) -> str:
    """A secret word that nobody guesses, or none."""
    text = env.get(name, "")
    if text and len(text) < TOKEN_CHARS_MIN:
        raise BadSetting(f"noroshi: {name} is too short; give {TOKEN_CHARS_MIN} random characters.")
    return text


def time_of_day(
    env: "os._Environ[str] | dict[str, str]", name: str, default: str
) -> tuple[int, int]:
    """(hour, minute) of `HH:MM`."""
    text = env.get(name, default)
    hour, _, minute = text.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):
        raise BadSetting(f"noroshi: {name}={text!r} is no time of the day; give it as 02:30.")
    return int(hour), int(minute)


def number(
    env: "os._Environ[str] | dict[str, str]", name: str, default: int, *, most: int, least: int = 0
) -> int:
    """A whole number, `least` to `most`."""
    text = env.get(name, str(default))
    if not text.isdecimal() or not least <= int(text) <= most:
        raise BadSetting(f"noroshi: {name}={text!r} must be a number from {least} to {most}.")
    return int(text)
