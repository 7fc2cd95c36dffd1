"""Ask every address as every role about one's own, another's and no object, and judge the answers.

Nothing that an answer changes stays: each request runs in a savepoint that is taken back.
"""

import copy
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from uuid import uuid4

from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from noroshi.tenants.visits import SESSION_KEY as VISIT_KEY
from tests.house.matrix_world import HOUSES, World, data_mark, register_mark
from tests.security import headers

RECENT_KEYS = "account_authentication_methods", "account_authentication_methods_user"
OWN, MISSING, METHODS = "own", "missing", ("GET", "POST")
DENIED = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
GOOD_POST = {
    HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.FOUND, HTTPStatus.SEE_OTHER,
    HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY,
}  # fmt: skip
# What a look may write: that somebody looked or took a file out, and what a limit counts.
LOGS = {
    "tenants_visitview", "tenants_signin", "tenants_knowndevice", "django_session", "base_cache",
    "usersessions_usersession", "tenants_auditentry",
}  # fmt: skip
WRITTEN = """
SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables
WHERE schemaname = 'public' AND n_tup_ins + n_tup_upd + n_tup_del > 0
"""
# What each program answers at its own port is proven in tests/gate and tests/live.
FORWARDED = {"secure": True, "HTTP_HOST": "localhost"}


@dataclass(frozen=True, slots=True)
class Line:
    """One address of the table.

    Attributes:
        get, post: the roles that may; None: the address does not know the method.
        of: the kind of object in each parameter, "code=device number=downlink"; what begins with
            `my_` is a person's own, what begins with `!` stands in the address as it is.
        query: what the address needs behind the question mark.
        ok: what a look is answered with, where that is not 200.
        is_office: the register of all contractors; there is no other's object here.
        is_public: the answer is the same for everybody and may be kept.
    """

    name: str
    get: frozenset[str] | None
    post: frozenset[str] | None = None
    of: str = ""
    query: str = ""
    ok: tuple[int, ...] = (HTTPStatus.OK,)
    is_office: bool = False
    is_public: bool = False

    def roles(self, method: str) -> frozenset[str] | None:
        """Who may; None when the address does not know the method."""
        return self.get if method == "GET" else self.post

    def kinds(self) -> dict[str, str]:
        """Parameter to kind of object."""
        return dict(pair.split("=") for pair in self.of.split())


@dataclass(frozen=True, slots=True)
class Role:
    """Somebody who asks: whose account, and at which contractor."""

    name: str
    home: str = "ours"
    account: str = ""

    def sees(self) -> set[str]:
        """The marks that may stand in an answer for this role."""
        if self.name == "anonymous" or self.name == "staff-bare":
            return set()
        if self.name in {"stopped", "initial", "frozen"}:
            return {register_mark(self.home)}
        if self.name.startswith("staff-"):
            visited = {data_mark("ours")} if self.name == "staff-visiting" else set()
            return {register_mark(house) for house in HOUSES} | visited
        return {register_mark(self.home), data_mark(self.home)}


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and its answer; `body` is whole, `wrote` the tables written meanwhile."""

    line: Line
    role: Role
    method: str
    variant: str
    response: HttpResponse
    body: str
    wrote: frozenset[str]

    def __str__(self) -> str:
        told = f"{self.response.status_code} {self.response.headers.get('Location', '')}"
        return f"{self.role.name} {self.method} {self.line.name} ({self.variant}): {told.strip()}"


def addresses() -> dict[str, URLPattern]:
    """Every address of the house by its name; an address without name by its pattern."""
    return {one.name or str(one.pattern): one for one in _walk(get_resolver().url_patterns)}


def _walk(patterns: "list[URLPattern | URLResolver]") -> Iterator[URLPattern]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _walk(one.url_patterns)
        else:
            yield one


def account_of(world: World, role: Role) -> object:
    """The person; None for anonymous."""
    if role.name == "anonymous":
        return None
    return world.people.get(role.name) or world.houses[role.home].people[role.account or role.name]


def browser_of(world: World, role: Role) -> Client:
    """A browser in which this role is signed in, and proved a moment ago to be there itself."""
    client = Client(raise_request_exception=False, headers={"accept-language": "ja"})
    user = account_of(world, role)
    if user is not None:
        client.force_login(user)
        session = client.session
        methods, whose = RECENT_KEYS
        session[methods] = [{"method": "password", "at": time.time()}]
        session[whose] = str(user.pk)
        if role.name == "staff-visiting":
            session[VISIT_KEY] = world.objects["my_visit:staff-visiting"]
        session.save()
        client.get(reverse("healthz"))  # the first request of a session writes it down
    return client


def walk(world: World, role: Role, lines: Mapping[str, Line]) -> Iterator[Asked]:
    """Ask everything of the table as this role."""
    client = browser_of(world, role)
    counts = written()
    for line in lines.values():
        for variant, address in variants(world, role, line):
            for method in METHODS:
                if variant != OWN and line.roles(method) is None:
                    continue  # the address does not know the method, whatever it names
                asked = Asked(line, role, method, variant, EMPTY, "", frozenset())
                yield ask(client, asked, address, counts)


EMPTY = HttpResponse()


def ask(client: Client, asked: Asked, address: str, counts: dict[str, int]) -> Asked:
    """Send it, read the answer to its end, take everything back; `counts` goes on."""
    kept = copy.deepcopy(client.cookies)
    with transaction.atomic():
        response = client.generic(asked.method, address, b"", FORM, **FORWARDED)
        body = read(response)
        now = written()
        changed = {name for name, count in now.items() if count != counts.get(name)}
        counts.update(now)
        transaction.set_rollback(True)
    client.cookies = kept
    return Asked(
        asked.line, asked.role, asked.method, asked.variant, response, body, frozenset(changed)
    )


FORM = "application/x-www-form-urlencoded"


def read(response: HttpResponse) -> str:
    """The whole body as text; what is no text is read byte by byte."""
    raw = b"".join(response.streaming_content) if response.streaming else response.content
    return raw.decode("latin-1")


def written() -> dict[str, int]:
    """How many rows this transaction wrote so far, by table; taken back or not."""
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN)
        return dict(cursor.fetchall())


def variants(world: World, role: Role, line: Line) -> Iterator[tuple[str, str]]:
    """The addresses to ask: with one's own objects, with one or all of another's, with none's."""
    kinds = line.kinds()
    own = objects(world, role, kinds)
    yield OWN, address_of(world, role, line, own)
    named = {name for name, kind in kinds.items() if not kind.startswith("!")}
    if not named:
        return
    # Who may do nothing here is refused before any object is looked for: two questions will do.
    is_shut = role.name not in (line.get or frozenset()) | (line.post or frozenset())
    if not is_shut:
        missing = {name: nowhere(own[name]) for name in named}
        yield MISSING, address_of(world, role, line, own | missing)
    if line.is_office:
        return
    other = Role("authority") if role.home != "ours" else Role("stranger", "theirs", "authority")
    foreign = objects(world, other, kinds)
    yield "another's", address_of(world, role, line, foreign)
    if len(named) > 1 and not is_shut:
        for name in sorted(named):
            yield f"another's {name}", address_of(world, role, line, own | {name: foreign[name]})


def objects(world: World, role: Role, kinds: Mapping[str, str]) -> dict[str, object]:
    """What the parameters name; KeyError for a kind that the world does not have."""
    there = {**world.objects, **world.houses[role.home].objects}
    found = {}
    for name, kind in kinds.items():
        if kind.startswith("!"):
            found[name] = kind[1:]
        else:
            found[name] = there[f"{kind}:{role.name}" if kind.startswith("my_") else kind]
    return found


def nowhere(like: object) -> object:
    """A value of the same kind that names nothing."""
    if isinstance(like, int):
        return 2_000_000_000
    return secrets.token_hex(8) if isinstance(like, str) else uuid4()


def address_of(world: World, role: Role, line: Line, kwargs: Mapping[str, object]) -> str:
    """The address; the table is wrong when it cannot be made."""
    try:
        path = reverse(line.name, kwargs=dict(kwargs))
    except NoReverseMatch as error:
        raise AssertionError(f"{line.name}: the table's `of` does not fit: {error}") from error
    return path + line.query.format(**world.houses[role.home].objects)


def faults(asked: Asked, gates: frozenset[str]) -> Iterator[str]:
    """Everything wrong with one answer; `gates`: addresses where those are led who may not."""
    status = asked.response.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        yield f"{asked}: failed"
    elif not may(asked, gates):
        yield f"{asked}: should be {wanted(asked)}"
    hidden = {mark(house) for house in HOUSES for mark in (register_mark, data_mark)}
    for mark in sorted(hidden - asked.role.sees()):
        if mark in asked.body or mark in str(asked.response.headers):
            yield f"{asked}: tells {mark}"
    if asked.method == "GET" and asked.wrote - LOGS:
        yield f"{asked}: a look wrote {sorted(asked.wrote - LOGS)}"
    private = asked.role.name != "anonymous" and not asked.line.is_public
    for lack in headers.lacks(asked.response, is_private=private):
        yield f"{asked}: {lack}"
    if asked.response.status_code in DENIED and asked.wrote - LOGS:
        yield f"{asked}: refused, and yet wrote {sorted(asked.wrote - LOGS)}"


def may(asked: Asked, gates: frozenset[str]) -> bool:
    """Whether the status is one that the table allows."""
    status, roles = asked.response.status_code, asked.line.roles(asked.method)
    if roles is None or asked.role.name not in roles:
        is_unknown = roles is None and status == HTTPStatus.METHOD_NOT_ALLOWED
        return is_unknown or is_denied(asked, gates)
    if asked.variant != OWN:
        return status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
    if is_led_away(asked, gates) and HTTPStatus.FOUND not in asked.line.ok:
        return False
    return status in asked.line.ok or (asked.method == "POST" and status in GOOD_POST)


def is_denied(asked: Asked, gates: frozenset[str]) -> bool:
    """Refused, not found, or led to where this person belongs."""
    status = asked.response.status_code
    if asked.role.name == "anonymous":
        doors = frozenset({reverse("sign-in"), reverse("home")})
        return status in {401, 403, 404} or is_led_away(asked, doors)
    return status in DENIED or is_led_away(asked, gates)


def is_led_away(asked: Asked, gates: frozenset[str]) -> bool:
    """A redirect to one of these addresses."""
    place = asked.response.headers.get("Location", "").partition("?")[0]
    return asked.response.status_code == HTTPStatus.FOUND and place in gates


def wanted(asked: Asked) -> str:
    """What the table says, in words."""
    roles = asked.line.roles(asked.method)
    if roles is None:
        return "405 or refused"
    if asked.role.name not in roles:
        return "refused"
    return "404" if asked.variant != OWN else f"{asked.line.ok}, or a form's answer"
