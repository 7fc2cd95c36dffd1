"""The program `noroshi web`: the pages on granian, processes of one thread each."""

from granian import Granian
from granian.constants import Interfaces

from noroshi.base import environment
from noroshi.config import shared

APPLICATION = "noroshi.config.wsgi"
PROCESSES = 2


def main() -> None:
    """Serve until told to stop."""
    env = environment.read()
    shared.load(APPLICATION, has_pages=True)
    Granian(
        f"{APPLICATION}:application",
        address=env.host,
        port=env.web_port,
        interface=Interfaces.WSGI,
        workers=PROCESSES,
        blocking_threads=1,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=5,  # a worker told to stop while it starts would never notice
        log_access=False,
    ).serve()


if __name__ == "__main__":
    main()
