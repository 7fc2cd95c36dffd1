"""What `noroshi up` says when the house is open: addresses, sign-in, what to try."""

import unicodedata

from noroshi.jobs.up_checks import Ports, reachable

DEMO_HINTS = (
    "試してみる / What to try",
    "  1. サインインして端末を選ぶ: グラフが自分で伸びます",
    "     Sign in and choose a device: its chart draws itself",
    "  2. 上限・下限を今の値より厳しくする: 警報が開き、メールが届きます",
    "     Set a limit past the present value: an incident opens, a mail goes out",
    "  3. 「CSV」を押して Excel で開く / Press CSV and open it in Excel",
)
EMPTY_HINTS = (
    "はじめに / First",
    "  noroshi add-staff   最初の管理者を作ります / makes the office's first account",
)


def box(host: str, ports: Ports, *, sign_in: str, is_demo: bool) -> str:
    """The greeting, framed; `sign_in` is shown as the demo's preparation printed it."""
    address = reachable(host)
    lines = [
        "Noroshi が動いています / Noroshi is running",
        "",
        f"  画面   pages   http://{address}:{ports.web}/",
        f"  受信   gate    http://{address}:{ports.gate}/in/<token>",
    ]
    if is_demo:
        lines += [f"  メール mails   http://{address}:{ports.web}/demo/mails/"]
    lines += ["", *sign_in.splitlines(), *([""] if sign_in else [])]
    lines += [*(DEMO_HINTS if is_demo else EMPTY_HINTS), "", "終了は Ctrl-C / Ctrl-C stops it"]
    width = max(columns(line) for line in lines)
    middle = [f"│ {line}{' ' * (width - columns(line))} │" for line in lines]
    return "\n".join([f"┌{'─' * (width + 2)}┐", *middle, f"└{'─' * (width + 2)}┘"])


def columns(text: str) -> int:
    """How many columns of a terminal a text takes; Japanese characters take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
