"""Settings: works with an empty environment; every variable is documented in docs/settings.md."""

import ipaddress
import os
import secrets
from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF

env = environ.FileAwareEnv()

PACKAGE = Path(__file__).resolve().parent.parent
VAR = Path(env.str("LINLI_VAR", default=str(Path.cwd() / "var"))).resolve()
VAR.mkdir(parents=True, exist_ok=True)


def _secret_key() -> str:
    """The key from LINLI_SECRET_KEY, or one made once and kept beside the database."""
    given: str = env.str("LINLI_SECRET_KEY", default="")
    if given:
        return given
    path = VAR / "secret.key"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text().strip()


SECRET_KEY = _secret_key()
# The keys of sealed columns: a file made at first use, or what a command prints.
KEYRING = Path(env.str("LINLI_KEYRING", default=str(VAR / "keyring.json")))
KEYRING_COMMAND = env.str("LINLI_KEYRING_COMMAND", default="")
# Its public half, with which intake goes on while the keys are away; and the keys of single cases.
INTAKE_KEY = Path(env.str("LINLI_INTAKE_KEY", default=str(VAR / "intake.json")))
CASE_KEYS = Path(env.str("LINLI_CASE_KEYS", default=str(VAR / "case-keys")))
# The log signs with a key outside the database; witnesses sign that it only grew (docs/trust.md).
LOG_KEY = Path(env.str("LINLI_LOG_KEY", default=str(VAR / "log.key")))
LOG_NAME = env.str("LINLI_LOG_NAME", default="linli." + env.str("LINLI_COUNTY", default="420921"))
WITNESSES = env.list("LINLI_WITNESSES", default=[])
WITNESS_HOURS = env.int("LINLI_WITNESS_HOURS", default=4)
WITNESS_REQUIRED = env.bool("LINLI_WITNESS_REQUIRED", default=False)
DEBUG = env.bool("LINLI_DEBUG", default=False)
ALLOWED_HOSTS = env.list("LINLI_HOSTS", default=["*"])
CSRF_TRUSTED_ORIGINS = env.list("LINLI_ORIGINS", default=[])
SECURE = env.bool("LINLI_HTTPS", default=False)
TRUSTED_PROXIES = [ipaddress.ip_network(each) for each in env.list("LINLI_TRUSTED_PROXIES", default=[])]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "linli.kit",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "django_htmx",
    "django_vite",
    "linli.ledger",
    "linli.orgs",
    "linli.people",
    "linli.cases",
    "linli.privacy",
    "linli.documents",
    "linli.service_requests",
    "linli.mediation",
    "linli.notify",
    "linli.measures",
    "linli.portal",
    "linli.web",
    "linli.api",
    "linli.field",
    "linli.ops",
]

MIDDLEWARE = [
    "linli.people.scope.ScopeMiddleware",
    "linli.config.errors.OneLengthMiddleware",
    "linli.config.errors.PlainHttpMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "linli.people.signin.TurnMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "linli.people.access.PostMiddleware",
    "linli.config.errors.SealingMiddleware",
    "linli.config.errors.ZeroByteMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
    "linli.people.posting.PostingMiddleware",
    "linli.web.views.unwitnessed.UnwitnessedMiddleware",
    "linli.privacy.views.ReadsFirst",
]

ROOT_URLCONF = "linli.config.urls"
WSGI_APPLICATION = "linli.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "linli.people.access.post_context",
                "linli.portal.views.county_context",
                "linli.web.views.shell.desk",
            ],
        },
    }
]

GIVEN_DATABASE_URL: str = env.str("DATABASE_URL", default="")
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR / 'linli.sqlite3'}")}
DATABASES["default"]["CONN_MAX_AGE"] = None
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32000;"
        " PRAGMA temp_store=MEMORY; PRAGMA mmap_size=268435456",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

AUTH_USER_MODEL = "people.Person"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["linli.people.signin.PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "linli.people.signin.LocalWords"},
]
PASSWORD_WORDS = env.list("LINLI_PASSWORD_WORDS", default=[])
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/desk/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "linli.people.signin.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# Wrong passwords are counted by axes, per name and address; an office behind one address signs in at half past eight.
# Second factors are counted in the database (people/forms.py): allauth's own counts lie in each process's memory.
ACCOUNT_RATE_LIMITS = {"login": "300/m/ip", "login_failed": "", "reauthenticate": ""}
MFA_ADAPTER = "linli.people.signin.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "linli.people.forms.CodeForm",
    "reauthenticate": "linli.people.forms.CodeAgainForm",
    "activate_totp": "linli.people.forms.AppForm",
    "add_webauthn": "linli.people.forms.NewKeyForm",
    "authenticate_webauthn": "linli.people.forms.KeyForm",
    "login_webauthn": "linli.people.forms.KeyAloneForm",
    "reauthenticate_webauthn": "linli.people.forms.KeyAgainForm",
}
MFA_RATE_LIMITS = {"webauthn_login": "300/m/ip"}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODE_DIGITS = 10
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Who must show a second factor stands in people/roles.toml. The passwords of the demonstration are public anyway.
SECOND_FACTOR = env.bool("LINLI_SECOND_FACTOR", default=True)
SECOND_FACTOR_ALL = env.bool("LINLI_SECOND_FACTOR_ALL", default=False)
DEMO_PASSWORDS = env.bool("LINLI_DEMO_PASSWORDS", default=True)
AXES_FAILURE_LIMIT = env.int("LINLI_LOGIN_FAILURES", default=8)
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "linli.people.signin.address_of"
AXES_LOCKOUT_TEMPLATE = "account/locked.html"
AXES_VERBOSE = False

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]  # zh: each language is called by its own name
LANGUAGE_COOKIE_NAME = "linli_language"
TIME_ZONE = env.str("LINLI_TIME_ZONE", default="Asia/Shanghai")
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_IMMUTABLE_FILE_TEST = r"^.+\.[0-9a-f]{12}\..+$"
DIST = PACKAGE / "kit" / "static" / "linli" / "dist"
DJANGO_VITE = {
    "default": {
        "dev_mode": False,
        "manifest_path": DIST / "manifest.json",
        "static_url_prefix": "linli/dist",
    }
}

ATTACHMENTS = VAR / "attachments"
EXPORTS = VAR / "exports"
PARCELS = ATTACHMENTS / "parcels"  # beside the photos they become, so that a backup holds them too
FIELD_KEY = VAR / "field.key"
EXPORT_HOURS = env.int("LINLI_EXPORT_HOURS", default=24)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
FILE_UPLOAD_PERMISSIONS = 0o600

# What comes too fast at the public form waits for a person's eye (portal/actions/budget.py).
REPORT_BUDGETS = env.bool("LINLI_REPORT_BUDGETS", default=True)

SESSION_ENGINE = "linli.people.sessions"
SESSION_COOKIE_NAME = "__Host-linli_session" if SECURE else "linli_session"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_NAME = "__Host-linli_csrf" if SECURE else "linli_csrf"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "linli.portal.views.session_lost"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("LINLI_HSTS_SUBDOMAINS", default=False)
X_FRAME_OPTIONS = "DENY"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# A tile source (any XYZ layer) is an image host the map may load from; without one the map draws boundaries alone.
TILES_URL = env.str("LINLI_TILES_URL", default="")
TILES_ATTRIBUTION = env.str("LINLI_TILES_ATTRIBUTION", default="")
_tile_hosts = [f"https://{TILES_URL.split('/')[2]}"] if TILES_URL.startswith("https://") else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:", *_tile_hosts],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

REACTIONS = [
    "linli.cases.reactions.close_members",
    "linli.cases.reactions.return_referral",
    "linli.notify.reactions.tell",
]
PERMISSIONS_POLICY: dict[str, list[str]] = {"geolocation": ["self"], "camera": [], "microphone": []}
OPEN_DATA_LICENCE = env.str("LINLI_OPEN_DATA_LICENCE", default="CC-BY-4.0")
COUNTY_CODE = env.str("LINLI_COUNTY", default="420921")
OPEN311_TEST = env.bool("LINLI_TEST_ENDPOINT", default=True)

# Webhooks go to the public internet by HTTPS; a network of one's own, plain HTTP and other ports are opened here.
WEBHOOK_NETWORKS = env.list("LINLI_WEBHOOK_NETWORKS", default=[])
WEBHOOK_HTTP = env.bool("LINLI_WEBHOOK_HTTP", default=False)
WEBHOOK_PORTS = env.list("LINLI_WEBHOOK_PORTS", cast=int, default=[443, 80, 8443, 8080])

# How people are told: without a gateway or mail server, what would be sent is written to files under var/outgoing.
PUBLIC_URL = env.str("LINLI_URL", default="http://127.0.0.1:8000").rstrip("/")
OUTGOING = VAR / "outgoing"
VAPID_KEY = VAR / "vapid.pem"
PUSH_CONTACT = env.str("LINLI_PUSH_CONTACT", default="mailto:linli@example.invalid")
SMTP_URL = env.str("LINLI_SMTP", default="")
MAIL_FROM = env.str("LINLI_MAIL_FROM", default="linli@localhost")
SMS_URL = env.str("LINLI_SMS_URL", default="")
SMS_BODY = env.str("LINLI_SMS_BODY", default='{"to": "{to}", "text": "{text}"}')
SMS_HEADERS = env.json("LINLI_SMS_HEADERS", default={})

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "linli.config.logs.Line", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {"()": "linli.config.logs.Json"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json" if env.bool("LINLI_LOG_JSON", default=False) else "line",
        }
    },
    "loggers": {"linli.people.signin": {"level": "INFO"}},  # who signed in is always written down
    "root": {"handlers": ["console"], "level": env.str("LINLI_LOG_LEVEL", default="WARNING")},
}
