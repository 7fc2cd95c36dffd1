"""The Django app of the front hall."""

from django.apps import AppConfig


class FrontHallConfig(AppConfig):
    """Pages only. The label is not the room's name: that one belongs to the sign-in library."""

    name = "noroshi.account"
    label = "front_hall"
