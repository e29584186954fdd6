"""Settings. Everything that differs between machines comes from the environment (see ``docs/operations.md``)."""

from datetime import datetime

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from portal import env

BASE_DIR = env.ROOT
VAR_DIR = env.VAR
DEPLOYMENT = env.deployment
DEBUG = False

SECRET_KEY = env.secret("SECRET_KEY", "development-only-" + "0" * 50)
FIELD_KEYS = env.secret("FIELD_KEYS", "ZGV2ZWxvcG1lbnQtb25seS1maWVsZC1rZXktMDAwMDA=").split(",")
ISSUER_KEY = env.secret("ISSUER_KEY", "")
ISSUER_CERTIFICATE = env.secret("ISSUER_CERTIFICATE", "")
CREDENTIAL_KEY = env.text("CREDENTIAL_KEY", "")
TIMESTAMP_URL = env.text("TIMESTAMP_URL", "")
TIMESTAMP_CERTIFICATE = env.text("TIMESTAMP_CERTIFICATE", "")
PKCS11_MODULE = env.text("PKCS11_MODULE", "")
PKCS11_TOKEN = env.text("PKCS11_TOKEN", "")
PKCS11_PIN = env.text("PKCS11_PIN", "")
PKCS11_KEY = env.text("PKCS11_KEY", "")
POLICY_PACK = env.text("POLICY_PACK", "hainan-2020")
PUBLIC_URL = env.text("PUBLIC_URL", None if env.is_production else "http://localhost:8000").rstrip("/")
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS", "" if env.is_production else "localhost,127.0.0.1,[::1],testserver"
)

PORTAL_NOW: datetime | None = None
if env.text("PORTAL_NOW", ""):
    if env.is_production:
        raise ImproperlyConfigured("PORTAL_NOW moves the clock, which production refuses. Unset PORTAL_NOW.")
    try:
        PORTAL_NOW = datetime.fromisoformat(env.text("PORTAL_NOW"))
    except ValueError as error:
        raise ImproperlyConfigured(
            "PORTAL_NOW: expected an ISO time such as 2020-12-28T09:00:00+08:00."
        ) from error
    if PORTAL_NOW.tzinfo is None:
        raise ImproperlyConfigured("PORTAL_NOW has no offset; write for example 2020-12-28T09:00:00+08:00.")

INSTALLED_APPS = [
    "portal.accounts",
    "portal.events",
    "portal.notices",
    "portal.employers",
    "portal.operations",
    "portal.downloads",
    "portal",
    "institutions",
    "education",
    "certificates",
    "rest_framework",
    "drf_spectacular",
    "csp",
    "django_htmx",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "portal.middleware.PlainCallMiddleware",
    "portal.lean.LeanMiddleware",
    "portal.middleware.SecurityHeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.CompressedPagesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "portal.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "portal.middleware.PassagesMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "portal.accounts.entering.AccountSessionMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.PrivateByDefaultMiddleware",
    "portal.middleware.BodyLimitMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "portal.context.page",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "portal.templatetags.portal",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
        },
    }
]
FORM_RENDERER = "portal.forms.PortalRenderer"

DATABASE_URL = env.server("DATABASE_URL", "postgresql://localhost/zhengtong")
DATABASES = {"default": dj_database_url.parse(DATABASE_URL, conn_max_age=600, conn_health_checks=True)}
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database: postgresql://user@host/name.")
DATABASES["default"].setdefault("OPTIONS", {}).update({"application_name": "portal"})
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.server("REDIS_URL", "redis://localhost:6379/0")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_connect_timeout": 2,
    "max_retries": 1,  # whoever enqueues does not wait: what a broker that is away misses is swept up later
    "interval_start": 0,
    "interval_step": 0.1,
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Short intervals instead of a time of day: each run looks whether its moment has come, so a late or restarted scheduler
# catches up by itself, and the simulated clock of the demo is followed.
CELERY_BEAT_SCHEDULE = {
    "close the exchange window": {
        "task": "certificates.close_window",
        "schedule": 20.0,
        "options": {"expires": 20},
    },
    "settle everybody's standing": {
        "task": "certificates.settle_standings",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "resume interrupted batches": {
        "task": "education.resume_batches",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "make the documents that are missing": {
        "task": "certificates.resume_documents",
        "schedule": 120.0,
        "options": {"expires": 120},
    },
    "deliver to the national system": {
        "task": "education.deliver",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "propose to make certificates void": {
        "task": "certificates.propose_voiding",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "take changes into the log": {
        "task": "certificates.sequence_log",
        "schedule": 20.0,
        "options": {"expires": 20},
    },
    "write down how often certificates were checked": {
        "task": "certificates.write_checks",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "remind": {"task": "certificates.remind", "schedule": 60.0, "options": {"expires": 60}},
    "delete what is over": {"task": "portal.purge", "schedule": 3600.0, "options": {"expires": 3600}},
    "note a change of policy": {
        "task": "portal.note_policy",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "resume interrupted downloads": {
        "task": "downloads.resume",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "tell of API tokens that end": {
        "task": "accounts.tell_of_tokens",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "deliver notices": {"task": "notices.deliver", "schedule": 10.0, "options": {"expires": 10}},
}

# How notices leave the portal. Outside production both channels write files below var/outbox.
NOTICE_CHANNELS = env.words(
    "NOTICE_CHANNELS",
    ""
    if env.is_production
    else "portal.notices.channels.EmailChannel,portal.notices.channels.FileSmsChannel",
)
EMAIL_BACKEND = env.text(
    "EMAIL_BACKEND",
    "django.core.mail.backends." + ("smtp" if env.is_production else "filebased") + ".EmailBackend",
)
EMAIL_FILE_PATH = VAR_DIR / "outbox" / "mail"
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.integer("EMAIL_PORT", 25)
EMAIL_USE_TLS = env.boolean("EMAIL_USE_TLS", False)  # with a certificate that is checked
if env.is_production and not EMAIL_USE_TLS and not env.is_on_this_machine(f"smtp://{EMAIL_HOST}"):
    raise ImproperlyConfigured(
        "EMAIL_HOST names another machine, which is reached by TLS alone: EMAIL_USE_TLS=true."
    )
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "portal@localhost")
EVIDENCE_MAX_BYTES = env.integer("EVIDENCE_MAX_BYTES", 10 * 1024 * 1024)

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["portal.accounts.backends.IdentityBackend"]
PASSWORD_HASHERS = [
    "portal.accounts.hashers.Argon2Hasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "portal.accounts.breached.BreachedPasswordValidator"},
    {"NAME": "portal.accounts.guessable.GuessablePasswordValidator"},
]
BREACHED_PASSWORDS = env.text("BREACHED_PASSWORDS", str(VAR_DIR / "breached-passwords"))
# A provincial identity service (OpenID Connect). Without an issuer it is off.
OIDC_ISSUER = env.other_system("OIDC_ISSUER")
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID", None if OIDC_ISSUER else "")
OIDC_CLIENT_SECRET = env.text("OIDC_CLIENT_SECRET", None if OIDC_ISSUER else "")
OIDC_SCOPE = env.text("OIDC_SCOPE", "openid")
OIDC_ID_NUMBER_CLAIM = env.text("OIDC_ID_NUMBER_CLAIM", "id_number")
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "start"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [
    BASE_DIR / room / "locale" for room in ("portal", "institutions", "education", "certificates")
]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = "portal.formats"

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "portal" / "static"]
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
MEDIA_ROOT = VAR_DIR / "files"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if DEPLOYMENT == "test":
    STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["portal.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.api.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "portal.api.problems.problem_handler",
    "DEFAULT_THROTTLE_CLASSES": ["portal.api.throttling.CallerThrottle"],
    "DEFAULT_THROTTLE_RATES": {"caller": "600/minute", "token": "600/minute"},
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Certificate portal",
    "DESCRIPTION": "Certificates, continuing education and decisions, explained clause by clause.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "portal.api.schema.errors_are_problem_documents",
    ],
    "ENUM_NAME_OVERRIDES": {"BatchStateEnum": "education.models.BatchState"},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no text about people in a cookie
WHITENOISE_ALLOW_ALL_ORIGINS = False
DISPLAY_COOKIE_NAME = "display"
CSRF_FAILURE_VIEW = "portal.views.csrf_failure"
if env.is_production:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$", r"^api/"]
    SECURE_HSTS_SECONDS = 63_072_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    LANGUAGE_COOKIE_NAME = "__Host-language"
    DISPLAY_COOKIE_NAME = "__Host-display"
# How long a session may lie unused, and how long it may last at all: for everybody, then for single roles.
ROLES = ("worker", "clerk", "reviewer", "chief", "county", "employer", "operator", "auditor")
SESSION_IDLE_MINUTES = env.figures("SESSION_IDLE_MINUTES", "30,worker=60,clerk=60,employer=60", ROLES)
SESSION_HOURS = env.figures("SESSION_HOURS", "10,worker=12", ROLES)
SESSION_COOKIE_AGE = max(SESSION_HOURS.values()) * 3600
# For so long after proving who they are people may do what is grave without proving it again.
STEP_UP_MINUTES = env.integer("STEP_UP_MINUTES", 10)
# How long a code that is handed over opens an account.
ACCESS_CODE_HOURS = env.integer("ACCESS_CODE_HOURS", 72)
# The privacy notice and the text of a consent towards an employer, in dated versions.
AGREEMENTS = env.text("AGREEMENTS", str(BASE_DIR / "portal" / "accounts" / "agreements.toml"))
# How long an API token made on a page may last, and how long the old one goes on beside the one that takes over.
API_TOKEN_DAYS = env.integer("API_TOKEN_DAYS", 365)
API_TOKEN_OVERLAP_DAYS = env.integer("API_TOKEN_OVERLAP_DAYS", 7)

TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0)
BATCH_MAX_BYTES = env.integer("BATCH_MAX_BYTES", 20 * 1024 * 1024)
BATCH_MAX_ROWS = env.integer("BATCH_MAX_ROWS", 50_000)
# The national system by HTTP; without an address approved records are exported, and marked by hand when they are entered.
NATIONAL_SYSTEM_URL = env.other_system("NATIONAL_SYSTEM_URL")
NATIONAL_SYSTEM_TOKEN = env.text("NATIONAL_SYSTEM_TOKEN", "")
# What reading one file may cost beside the worker itself: bytes of memory, seconds.
BATCH_READING_MEMORY = env.integer("BATCH_READING_MEMORY", 768 * 1024 * 1024)
BATCH_READING_SECONDS = env.integer("BATCH_READING_SECONDS", 120)
REQUEST_MAX_BYTES = env.integer("REQUEST_MAX_BYTES", 32 * 1024 * 1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    # These two write down whole contexts and statements, whoever is in them, so LOG_LEVEL=DEBUG does not reach them.
    "loggers": {"django.template": {"level": "INFO"}, "django.db.backends": {"level": "INFO"}},
}
