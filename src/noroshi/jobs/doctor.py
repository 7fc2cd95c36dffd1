"""The program `noroshi doctor`: is what surrounds the product in order, as the world sees it?"""

import argparse
import sys
from collections.abc import Sequence

from django.conf import settings

from noroshi.jobs.doctoring import mail
from noroshi.jobs.doctoring.dns import Internet
from noroshi.jobs.doctoring.findings import BAD, Finding
from noroshi.outbox.send import BadServerAddress, probe, server_of


def main(told: Sequence[str] | None = None) -> int:
    """Print what was found, each with what to do; 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="noroshi doctor", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    of_mail = commands.add_parser("mail", help="SPF, DKIM, DMARC, TLS of the mail server")
    of_mail.add_argument(
        "--ip",
        default="",
        help="public address from which your mail server sends, to be looked for in SPF",
    )
    asked = parser.parse_args(told)
    findings = look_at_mail(asked.ip)
    for one in findings:
        sys.stdout.write(f"{one}\n")
    wrong = sum(one.state == BAD for one in findings)
    sys.stdout.write(f"noroshi doctor mail: {wrong} wrong of {len(findings)}\n")
    return 1 if wrong else 0


def look_at_mail(ip: str) -> list[Finding]:
    """Everything about the way of our mails."""
    try:
        server = server_of(settings.SMTP_URL)
    except BadServerAddress as error:
        return [Finding(BAD, "mail server", f"NOROSHI_SMTP_URL cannot be used: {error}")]
    wanted = mail.Wanted.of_settings(ip)
    return [mail.server_finding(server, probe(server)), *mail.findings(wanted, Internet())]


if __name__ == "__main__":
    sys.exit(main())
