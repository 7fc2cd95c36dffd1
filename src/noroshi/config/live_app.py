"""The live stream as an ASGI application, for the program and for any other server."""

import os

import django

from noroshi.base import environment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "noroshi.config.settings")
django.setup()

from noroshi.live.app import Live  # noqa: E402 - models need the set-up above

ENV = environment.read()
application = Live(ENV.database_url, web_port=ENV.web_port, base_url=ENV.base_url)
