"""Figures in the text format of Prometheus, and who may read them."""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric: `kind` is counter or gauge, `of` its values by the one label, "" = none.

    Labels are words of ours (a stage, a program), never names or numbers of tenants or devices.
    """

    name: str
    kind: str
    what: str
    of: Mapping[str, float]
    label: str = ""


def text(figures: Iterable[Figure]) -> str:
    """All figures as Prometheus reads them."""
    lines: list[str] = []
    for figure in figures:
        lines += [
            f"# HELP {figure.name} {figure.what}",
            f"# TYPE {figure.name} {figure.kind}",
        ]
        lines += [
            f'{figure.name}{{{figure.label}="{word}"}} {value:.15g}'
            if figure.label
            else f"{figure.name} {value:.15g}"
            for word, value in figure.of.items()
        ]
    return "".join(f"{line}\n" for line in lines)


def may_read(authorization: str, token: str) -> bool:
    """Whether the header shows `Bearer <token>`, compared in constant time; no token, no reader."""
    shown = sha256(authorization.encode("utf-8", "replace")).digest()
    return bool(token) and hmac.compare_digest(shown, sha256(f"Bearer {token}".encode()).digest())
