"""The pages as a WSGI application, for the program and for any other server."""

import os

from django.core.wsgi import get_wsgi_application

from noroshi.base import environment, roles
from noroshi.config import walls_check

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "noroshi.config.settings")
environment.act_as(roles.ROLE_OF_PROGRAM["web"])
walls_check.stand_behind("web")
application = get_wsgi_application()
