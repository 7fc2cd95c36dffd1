"""The program `noroshi live`: live updates for open pages, on granian in one process."""

import resource

from granian import Granian
from granian.constants import Interfaces

from noroshi.base import environment
from noroshi.config import shared

APPLICATION = "noroshi.config.live_app"
# More than live.app.FOLLOWERS_MAX, so that who is too many hears so. Granian alone serves 1,024
# connections and lets the next wait without a word.
CONNECTIONS_MAX = 6000
FILES_BESIDE = 200
STOP_S_MAX = 1  # open streams hold nothing: their pages come back by themselves


def main() -> None:
    """Serve until told to stop."""
    env = environment.read()
    if not env.database_url:
        raise SystemExit("noroshi live: DATABASE_URL is not set; name the PostgreSQL to listen to.")
    allow_files(CONNECTIONS_MAX + FILES_BESIDE)
    shared.load(APPLICATION, has_pages=False)
    Granian(
        f"{APPLICATION}:application",
        address=env.host,
        port=env.live_port,
        interface=Interfaces.ASGI,
        workers=1,
        backpressure=CONNECTIONS_MAX,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_S_MAX,
        log_access=False,
    ).serve()


def allow_files(wanted: int) -> None:
    """Raise this process's own limit of open files, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


if __name__ == "__main__":
    main()
