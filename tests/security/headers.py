"""What every answer must carry, whatever its status and whoever asked."""

from collections.abc import Iterator

from django.http import HttpResponse
from django.http.response import HttpResponseBase

HSTS = {
    "SECURE_HSTS_SECONDS": 63_072_000,
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
    "SECURE_HSTS_PRELOAD": True,
}
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",
}
POLICY = {
    "default-src": "'self'",
    "style-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
    "report-uri": "/csp-report",
}
# A version tells an attacker which list of holes to take; another origin has no business here.
REFERRERS = {"same-origin", "strict-origin", "no-referrer"}
FORBIDDEN = ("Server", "X-Powered-By", "Access-Control-Allow-Origin", "X-XSS-Protection")


def lacks(response: HttpResponseBase, *, is_private: bool) -> Iterator[str]:
    """Every header that is missing or wrong on one answer."""
    for name, value in FIXED.items():
        if response.headers.get(name) != value:
            yield f"{name}: {response.headers.get(name)}"
    if response.headers.get("Referrer-Policy") not in REFERRERS:
        yield f"Referrer-Policy: {response.headers.get('Referrer-Policy')}"
    yield from weak_policy(response.headers.get("Content-Security-Policy", ""))
    yield from (f"{name} is told" for name in FORBIDDEN if name in response.headers)
    if is_private and "no-store" not in response.headers.get("Cache-Control", ""):
        yield f"Cache-Control: {response.headers.get('Cache-Control')}"
    yield from untyped(response)


def weak_policy(policy: str) -> Iterator[str]:
    """What is wrong with a Content-Security-Policy."""
    said = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    for name, value in POLICY.items():
        if said.get(name) != value:
            yield f"CSP {name}: {said.get(name)}"
    if "unsafe" in policy or "*" in policy or "http:" in said.get("script-src", ""):
        yield f"CSP is loose: {policy}"


def untyped(response: HttpResponseBase) -> Iterator[str]:
    """A body without type, or a text without its charset."""
    kind = response.headers.get("Content-Type", "")
    has_body = response.streaming or (isinstance(response, HttpResponse) and response.content)
    if has_body and not kind:
        yield "no Content-Type"
    if kind.startswith(("text/", "application/xml")) and "charset=" not in kind:
        yield f"Content-Type: {kind}"
