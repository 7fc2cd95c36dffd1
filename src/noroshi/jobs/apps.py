"""The room as a Django app."""

from django.apps import AppConfig


class Jobs(AppConfig):
    """The clock's door: workers, timetable, the supervisor, the demo."""

    name = "noroshi.jobs"
