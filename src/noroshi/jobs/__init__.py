"""The clock's door: workers, timetable, the supervisor, the demo."""
