"""The program `noroshi web`: the pages on granian, processes of one thread each."""

from granian import Granian
from granian.constants import Interfaces

from noroshi.base import environment

PROCESSES = 2


def main() -> None:
    """Serve until told to stop."""
    env = environment.read()
    Granian(
        "noroshi.config.wsgi:application",
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
