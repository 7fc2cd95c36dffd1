"""Judge what the world can see of our mails: the server, SPF, DKIM, DMARC, the way back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parseaddr
from ipaddress import ip_address

from django.conf import settings

from noroshi.jobs.doctoring import spf
from noroshi.jobs.doctoring.dns import Names, NotAnswered
from noroshi.jobs.doctoring.findings import BAD, GOOD, WEAK, Finding
from noroshi.outbox import dkim
from noroshi.outbox.send import Probe, Server

LOCAL = ("localhost", "localdomain", "local", "test", "invalid", "example")
PUBLIC_PARTS = 2  # labels of an organisation's domain, three below co.jp and the like
JAPANESE = ("co", "ne", "or", "ac", "go", "ed", "lg", "gr", "ad")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the settings say; `ip` is the sending address where the operator named it."""

    domain: str
    back: str
    selector: str
    record: str
    ip: str

    @classmethod
    def of_settings(cls, ip: str) -> "Wanted":
        """As the product is set up. Raises BadSetting."""
        signer = dkim.signer()
        return cls(
            domain=parseaddr(settings.MAIL_FROM)[1].rpartition("@")[2].lower(),
            back=settings.RETURN_DOMAIN,
            selector=signer.selector if signer else "",
            record=dkim.record_of(signer.key) if signer else "",
            ip=ip,
        )


def server_finding(server: Server, found: Probe) -> Finding:
    """Whether the mail server takes our mails, and whether nobody listens on the way."""
    what = f"mail server {server.host}:{server.port}"
    if not found.is_reached:
        return Finding(BAD, what, found.said, "mend it, or change NOROSHI_SMTP_URL")
    if found.tls:
        return Finding(GOOD, what, f"{found.tls}, its certificate is good")
    if _is_near(server.host):
        return Finding(GOOD, what, "no TLS, on this machine")
    return Finding(
        BAD, what, "no TLS", "use smtps://… or ?starttls=1, unless your own network guards the way"
    )


def findings(wanted: Wanted, names: Names) -> list[Finding]:
    """Everything about domains, each looked at by itself."""
    if "." not in wanted.domain or wanted.domain.rpartition(".")[2] in LOCAL:
        seen = f"{wanted.domain} is no domain of the internet"
        return [Finding(BAD, "sender", seen, "set NOROSHI_MAIL_FROM to an address of yours")]
    found: list[Finding] = []
    for what, look in (
        ("SPF", spf_findings),
        ("DKIM", dkim_findings),
        ("DMARC", dmarc_findings),
        ("way back", back_findings),
        ("reverse DNS", reverse_findings),
    ):
        found += _answered(what, look, wanted, names)
    return found


def spf_findings(wanted: Wanted, names: Names) -> Iterator[Finding]:
    """Of the sender's domain, and of the envelope's where that is another."""
    for domain in dict.fromkeys((wanted.domain, wanted.back or wanted.domain)):
        yield _spf(domain, wanted.ip, names)


def dkim_findings(wanted: Wanted, names: Names) -> Iterator[Finding]:
    """Whether our public key is published, as it is."""
    if not wanted.selector:
        remedy = "set NOROSHI_DKIM_SELECTOR and NOROSHI_DKIM_KEY_FILE (docs/operators.md)"
        yield Finding(WEAK, "DKIM", "Noroshi signs nothing; your mail server may", remedy)
        return
    name = f"{wanted.selector}._domainkey.{wanted.domain}"
    published = names.texts(name)
    remedy = f'publish  {name}. TXT "{wanted.record}"'
    if not published:
        yield Finding(BAD, "DKIM", f"{name} has no record", remedy)
    elif _tag(wanted.record, "p") not in {_tag(one, "p") for one in published}:
        yield Finding(BAD, "DKIM", f"{name} publishes another key", remedy)
    else:
        yield Finding(GOOD, "DKIM", f"{name} publishes our key")


def dmarc_findings(wanted: Wanted, names: Names) -> Iterator[Finding]:
    """Of the sender's domain, or of the organisation's above it."""
    for domain in dict.fromkeys((wanted.domain, organisation(wanted.domain))):
        found = [one for one in names.texts(f"_dmarc.{domain}") if one.startswith("v=DMARC1")]
        if len(found) > 1:
            yield Finding(BAD, "DMARC", f"_dmarc.{domain} has {len(found)} records", "keep one")
            return
        if found:
            policy = _tag(found[0], "p") or "none"
            is_weak = policy == "none"
            remedy = "when reports show no trouble: p=quarantine" if is_weak else ""
            seen = f"_dmarc.{domain}: p={policy}"
            yield Finding(WEAK if is_weak else GOOD, "DMARC", seen, remedy)
            return
    remedy = f'publish  _dmarc.{wanted.domain}. TXT "v=DMARC1; p=none; rua=mailto:…"'
    yield Finding(BAD, "DMARC", f"{wanted.domain} has none; carriers mark such mails", remedy)


def back_findings(wanted: Wanted, names: Names) -> Iterator[Finding]:
    """Whether bounces find us."""
    what = "way back"
    if not wanted.back:
        remedy = "set NOROSHI_RETURN_DOMAIN and run `noroshi receive`"
        yield Finding(WEAK, what, "bounces are not seen", remedy)
        return
    hosts = names.hosts(wanted.back)
    if hosts:
        yield Finding(GOOD, what, f"{wanted.back} is taken in by {', '.join(hosts)}")
    else:
        remedy = f"publish  {wanted.back}. MX 10 <your mail server>."
        yield Finding(BAD, what, f"{wanted.back} has no MX: bounces are lost", remedy)
    if organisation(wanted.back) != organisation(wanted.domain):
        remedy = f"choose a domain below {organisation(wanted.domain)}"
        seen = f"{wanted.back} and {wanted.domain} belong to two organisations: SPF proves nothing"
        yield Finding(WEAK, what, seen, remedy)


def reverse_findings(wanted: Wanted, names: Names) -> Iterator[Finding]:
    """Whether the sending address has a name that leads back to it."""
    if not wanted.ip:
        return
    name = names.name_of(wanted.ip)
    if name and wanted.ip in names.addresses(name):
        yield Finding(GOOD, "reverse DNS", f"{wanted.ip} is {name}")
        return
    seen = f"{wanted.ip} is {name}, which is not {wanted.ip}" if name else f"{wanted.ip} has none"
    yield Finding(BAD, "reverse DNS", seen, "ask whoever gave you the address to set its name")


def organisation(domain: str) -> str:
    """The part that somebody registered: example.jp, example.co.jp."""
    labels = domain.split(".")
    is_deep = len(labels) > PUBLIC_PARTS and labels[-1] == "jp" and labels[-2] in JAPANESE
    return ".".join(labels[-(PUBLIC_PARTS + is_deep) :])


def _spf(domain: str, ip: str, names: Names) -> Finding:
    what = f"SPF of {domain}"
    found = spf.records(names, domain)
    if not found:
        remedy = f'publish  {domain}. TXT "v=spf1 mx -all"  (name who sends)'
        return Finding(BAD, what, "there is none", remedy)
    if len(found) > 1:
        return Finding(BAD, what, f"{len(found)} records: receivers use none", "keep one")
    if ip:
        try:
            said = spf.result(names, domain, ip)
        except spf.TooMany:
            seen = f"more than {spf.LOOKUPS_MAX} lookups: receivers use none"
            return Finding(BAD, what, seen, "name addresses (ip4:…) instead of includes")
        if said != spf.PASS:
            return Finding(BAD, what, f"{said} for {ip}: {found[0]}", f"add ip4:{ip}")
        return Finding(GOOD, what, f"pass for {ip}: {found[0]}")
    if found[0].split()[-1].lower() not in {"-all", "~all"} and "redirect=" not in found[0]:
        return Finding(WEAK, what, found[0], "end it with -all")
    return Finding(GOOD, what, f"{found[0]} (say --ip to have an address looked for)")


def _answered(
    what: str,
    look: Callable[[Wanted, Names], Iterator[Finding]],
    wanted: Wanted,
    names: Names,
) -> list[Finding]:
    try:
        return list(look(wanted, names))
    except NotAnswered as silence:
        seen = f"no name server answered ({silence})"
        return [Finding(BAD, what, seen, "try again; mend this machine's DNS")]


def _tag(record: str, name: str) -> str:
    for one in record.split(";"):
        key, _, value = one.partition("=")
        if key.strip() == name:
            return "".join(value.split())
    return ""


def _is_near(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
