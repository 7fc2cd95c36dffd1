"""The stream of somebody who looks in: only while the visit runs, and written down."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from django.db import connections

from noroshi.live.app import Live
from noroshi.tenants import visits
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import User, Visit, VisitView
from noroshi.tenants.visits import Grant
from tests.factors import give_app
from tests.live.conftest import cookie_of, page, tenant
from tests.live.test_live import notify, opened


def over(visit: Visit) -> None:
    """The visit has just ended."""
    Visit.objects.filter(pk=visit.pk).update(until=datetime.now(UTC))
    connections.close_all()


def test_a_visitor_hears_nothing_after_the_end_and_nothing_of_others(
    live: Callable[..., None],
) -> None:
    ours, others = tenant("Aki"), tenant("Chie")
    kei = User.objects.create_staff("kei", "k" * 15, "on_duty", name="けい")
    give_app(kei)
    now = datetime.now(UTC)
    visit = visits.open_staff(ours, Grant("確認", "T-1", 1), Actor(kei, None), now)
    cookie = cookie_of(kei)

    async def story(app: Live) -> None:
        mine, foreign = page(f"tenant={ours.code}", cookie), page(f"tenant={others.code}", cookie)
        await app(foreign.scope, foreign.receive, foreign.send)
        assert foreign.status == 403
        task = await opened(app, mine)
        await notify(ours.pk, "tank")
        await mine.until("tank")
        await asyncio.to_thread(over, visit)
        await notify(ours.pk, "secret")
        await asyncio.wait_for(task, 5)
        assert "secret" not in mine.text

    live(story)
    assert VisitView.objects.filter(visit=visit, page="live").count() == 1
