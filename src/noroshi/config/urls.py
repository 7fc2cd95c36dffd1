"""The addresses of the whole house, gathered from the doors."""

from django.urls import URLPattern, URLResolver, include, path

from noroshi.office.pages import metrics
from noroshi.ui import views as ui

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", ui.healthz, name="healthz"),
    path("csp-report", ui.csp_report, name="csp-report"),
    path("i18n/setlang/", ui.choose_language, name="set_language"),
    path("metrics", metrics.figures, name="metrics"),
    path("office/", include("noroshi.office.urls")),
    path("", include("noroshi.jobs.pages")),
    path("", include("noroshi.account.urls")),
    path("", include("noroshi.web.urls")),
]

handler500 = "noroshi.ui.outage.failed"
