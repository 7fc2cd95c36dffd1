"""The live stream as an ASGI application, for the program and for any other server."""

import os

import django

from noroshi.base import environment, roles
from noroshi.config import walls_check

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "noroshi.config.settings")
environment.act_as(roles.ROLE_OF_PROGRAM["live"])
walls_check.stand_behind("live")
django.setup()

from noroshi.live.app import Live  # noqa: E402 - models need the set-up above

ENV = environment.read()
application = Live(ENV.database_url, web_port=ENV.web_port, base_url=ENV.base_url)
