"""Under which database role the tests act: the pipeline's, and the app's during a request."""

from collections.abc import Callable, Iterator

from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from noroshi.base.roles import APP, PIPELINE


def act_as_pipeline() -> None:
    """From now on every connection of this process begins as the pipeline."""
    connection.settings_dict["OPTIONS"]["options"] = f"-c role={PIPELINE}"
    connection.close()


def as_app(get_response: Callable[[HttpRequest], HttpResponse]) -> object:
    """A middleware: the request is served under the app's role, as in the running product."""

    def handle(request: HttpRequest) -> HttpResponse:
        become(APP)
        try:
            response = get_response(request)
        finally:
            become(PIPELINE)
        if isinstance(response, StreamingHttpResponse):
            response.streaming_content = pieces_as_app(iter(response.streaming_content))
        return response

    return handle


def pieces_as_app(pieces: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        become(APP)
        try:
            piece = next(pieces, None)
        finally:
            become(PIPELINE)
        if piece is None:
            return
        yield piece


def become(role: str) -> None:
    """SET ROLE on the driver's own cursor, so that no test that counts queries counts it.

    A test that may not touch the database has no role either.
    """
    try:
        connection.ensure_connection()
    except RuntimeError:
        return
    with connection.connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
