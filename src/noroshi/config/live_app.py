"""The live stream as an ASGI application, for the program and for any other server."""

import gc
import os
import sys

import django

from noroshi.base import environment, roles
from noroshi.config import walls_check

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "noroshi.config.settings")
environment.act_as(roles.ROLE_OF_PROGRAM["live"])
walls_check.stand_behind("live")
django.setup()

# The thread that asks who may follow hands over soon: the news do not wait 5 ms for their turn.
sys.setswitchinterval(0.000_5)

from noroshi.live.app import Live  # noqa: E402 - models need the set-up above

ENV = environment.read()
application = Live(ENV.database_url, web_port=ENV.web_port, base_url=ENV.base_url)
gc.freeze()  # what stands for ever is not looked through while pages wait for news
