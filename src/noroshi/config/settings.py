"""Django's settings, made from the environment that base.environment reads."""

import datetime
import urllib.parse
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from noroshi.base import environment

ENV = environment.read()
HOUSE = Path(__file__).resolve().parent.parent
ROOT = HOUSE.parent.parent

DEBUG = False
SECRET_KEY = ENV.secret_key
SECRET_KEY_FALLBACKS = list(ENV.old_secret_keys)
ALLOWED_HOSTS = list(ENV.allowed_hosts)
ROOT_URLCONF = "noroshi.config.urls"
WSGI_APPLICATION = "noroshi.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
BASE_URL, GATE_URL = ENV.base_url, ENV.gate_url
LIVE_URL, LIVE_PORT = ENV.live_url, ENV.live_port
SMTP_URL, MAIL_FROM = ENV.smtp_url, ENV.mail_from
MAIL_FOOTERS, MAIL_PACES = ENV.mails.footers, ENV.mails.paces
HOST, RETURN_DOMAIN, RECEIVE_PORT = ENV.host, ENV.mail_proof.domain, ENV.mail_proof.port
DKIM_SELECTOR, DKIM_KEY = ENV.mail_proof.dkim_selector, ENV.mail_proof.dkim_key
VAR = ENV.var
BACKUP = ENV.backup
DEMO = ENV.is_demo
PROXIES = ENV.proxies
OPERATION_LOG_DAYS, STRANGERS_DAYS = ENV.operation_log_days, ENV.strangers_days
METRICS_TOKEN = ENV.metrics_token
TWO_PERSONS = ENV.is_two_persons
WEBHOOK_PORTS, WEBHOOK_TRUSTED = ENV.webhook_ports, ENV.webhook_trusted

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "noroshi.base",
    "noroshi.tenants",
    "noroshi.outbox",
    "noroshi.contracts",
    "noroshi.inbox",
    "noroshi.codecs",
    "noroshi.devices",
    "noroshi.readings",
    "noroshi.retention",
    "noroshi.alarms",
    "noroshi.ui",
    "noroshi.account",
    "noroshi.web",
    "noroshi.office",
    "noroshi.live",
    "noroshi.jobs",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
]

MIDDLEWARE = [
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "noroshi.ui.middleware.security_headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "noroshi.account.gate.Gate",
    "noroshi.tenants.middleware.zone_and_language",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "noroshi.account.first_change.FirstChange",
    "noroshi.account.gate.FactorFirst",
    "noroshi.account.busy.Busy",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "noroshi.ui.context.house",
            ],
        },
    },
]


# A server that vanished without a word is noticed after 20 seconds.
KEPT_ALIVE = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
TLS_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "channel_binding")


def database(url: str) -> dict[str, object]:
    """Django's database settings from one address; a socket folder may stand in `?host=`."""
    parts = urllib.parse.urlsplit(url)
    query = dict(urllib.parse.parse_qsl(parts.query))
    under_tls = {name: query[name] for name in TLS_OPTIONS if name in query}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": urllib.parse.unquote(parts.username or ""),
        "PASSWORD": urllib.parse.unquote(parts.password or ""),
        "HOST": query.get("host", parts.hostname or ""),
        "PORT": str(parts.port or query.get("port", "")),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, "application_name": "noroshi", **KEPT_ALIVE} | under_tls,
    }


DATABASES = {"default": database(ENV.database_url)}

AUTH_USER_MODEL = "tenants.User"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "noroshi.account.backend.Passwords",
]
PASSWORD_HASHERS = ["noroshi.tenants.hashers.Argon2id"]
PASSWORD_RESET_TIMEOUT = 3600
AUTH_PASSWORD_VALIDATORS = [{"NAME": "noroshi.tenants.password_checks.NewPassword"}]

# The library that leads through the sign-in; what it asks the house is in account/adapter.py.
ACCOUNT_ADAPTER = "noroshi.account.adapter.People"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "login"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PRESERVE_USERNAME_CASING = True
MFA_ADAPTER = "noroshi.account.adapter.Proofs"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {"authenticate": "noroshi.account.forms.CodeForm"}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RATE_LIMITS = {"webauthn_login": "100/5m/ip"}  # the first wall is ui/limits.py
MFA_TOTP_ISSUER = "Noroshi"
MFA_TOTP_TOLERANCE = 0  # a code lives its own 30 seconds
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Browsers make passkeys over plain http for localhost only.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not ENV.is_https

# Wrong passwords of one user id from one address; over all addresses see account/tries.py.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = datetime.timedelta(minutes=5)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ACCESS_FAILURE_LOG = True
AXES_DISABLE_ACCESS_LOG = True
AXES_CLIENT_IP_CALLABLE = "noroshi.tenants.sign_ins.address_of"
AXES_USERNAME_CALLABLE = "noroshi.account.tries.name_of"
AXES_LOCKOUT_CALLABLE = "noroshi.account.lock.locked"
AXES_USERNAME_FORM_FIELD = "username"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "next", "csrfmiddlewaretoken"]
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", _("日本語")), ("en", _("英語"))]
LOCALE_PATHS = [HOUSE / "locale"]
TIME_ZONE = "Asia/Tokyo"
USE_TZ = True
LANGUAGE_COOKIE_NAME = "__Host-language" if ENV.is_https else "django_language"
LANGUAGE_COOKIE_SECURE = ENV.is_https
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"

STATIC_URL = "static/"
STATICFILES_DIRS = [("vendor", ROOT / "build" / "vendor")]
STATIC_ROOT = ROOT / "build" / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = False

SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV.is_https
SESSION_COOKIE_NAME = "__Host-session" if ENV.is_https else "noroshi_session"
CSRF_COOKIE_NAME = "__Host-csrf" if ENV.is_https else "noroshi_csrf"
CSRF_COOKIE_HTTPONLY = True
DEVICE_COOKIE_NAME = "__Host-device" if ENV.is_https else "noroshi_device"
CSRF_TRUSTED_ORIGINS = [ENV.base_url]
SECURE_HSTS_SECONDS = 63072000 if ENV.is_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = ENV.is_https
SECURE_SSL_REDIRECT = ENV.is_https
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$"]  # asked by watchers on the machine itself
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.is_https else None
X_FRAME_OPTIONS = "DENY"

DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
CACHES = {
    # Shared by all processes, so that a limit is one limit; it culls itself.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "base_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "noroshi.base.logs.Line"}},
    "filters": {"outages": {"()": "noroshi.ui.outage.OneLine"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["outages"]},
        "shipper": {
            "()": "noroshi.base.shipping.Shipper",
            "address": ENV.syslog,
            "formatter": "line",
            "filters": ["outages"],
        },
    },
    "root": {"handlers": ["stderr", "shipper"], "level": "INFO"},
    # Every try stands in the sign-in log; it would tell user ids to whoever reads the log file.
    "loggers": {"axes": {"level": "ERROR"}},
}
