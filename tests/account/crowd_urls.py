"""The one page of crowd.py: is it this password?"""

import os

from django.contrib.auth.hashers import check_password
from django.http import HttpRequest, HttpResponse
from django.urls import path


def sign_in(request: HttpRequest) -> HttpResponse:
    is_right = check_password(request.POST["password"], os.environ["CROWD_HASH"])
    return HttpResponse("in" if is_right else "wrong")


urlpatterns = [path("", sign_in)]
