"""The program `noroshi live`: live updates for open pages, on granian in one process."""

from granian import Granian
from granian.constants import Interfaces

from noroshi.base import environment

STOP_S_MAX = 1  # open streams hold nothing: their pages come back by themselves


def main() -> None:
    """Serve until told to stop."""
    env = environment.read()
    if not env.database_url:
        raise SystemExit("noroshi live: DATABASE_URL is not set; name the PostgreSQL to listen to.")
    Granian(
        "noroshi.config.live_app:application",
        address=env.host,
        port=env.live_port,
        interface=Interfaces.ASGI,
        workers=1,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_S_MAX,
        log_access=False,
    ).serve()


if __name__ == "__main__":
    main()
