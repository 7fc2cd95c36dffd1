"""Try a broker out once, without touching the session that a listener has there."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import replace

from noroshi.mqtt.link import Place, opened
from noroshi.mqtt.packets import Login, Message, TooBig
from noroshi.mqtt.trouble import Trouble, Why

TRY_S_MAX = 8.0


class Deaf:
    """Hears nothing."""

    def take(self, message: Message) -> None:
        """Leave it to the next who asks."""

    def pass_over(self, big: TooBig) -> None:
        """Leave it as well."""


def try_out(place: Place, login: Login, topics: Sequence[str]) -> tuple[int, ...]:
    """Log in and subscribe under a name of its own; returns the QoS of each topic.

    Takes TRY_S_MAX at most. Raises Trouble.
    """
    other = f"{login.client_id[:50]}-try-{secrets.token_hex(3)}"
    try:
        return asyncio.run(_try_out(place, replace(login, client_id=other, is_clean=True), topics))
    except TimeoutError:
        raise Trouble(Why.NO_ANSWER) from None


async def _try_out(place: Place, login: Login, topics: Sequence[str]) -> tuple[int, ...]:
    async with asyncio.timeout(TRY_S_MAX):
        link = await opened(place, login, Deaf())
        try:
            return await link.subscribe(topics)
        finally:
            link.leave()
