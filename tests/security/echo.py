"""What the pages' server understood of a request: its path and its body, and nothing else."""

from collections.abc import Callable, Iterable
from typing import Any


def application(
    environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    """Answer with the path and the body, between marks."""
    body = environ["wsgi.input"].read()
    told = f"[{environ['REQUEST_METHOD']} {environ['PATH_INFO']}|".encode() + body + b"]"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(told)))])
    return [told]
