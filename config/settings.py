"""Settings, and the only reader of the environment. `./pride` sets what `up` needs; README lists every variable."""

import hashlib
import os
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp import constants as csp
from django.core.exceptions import ImproperlyConfigured

from launcher.data_dir import Home
from launcher.environment import alert_number_fault, short_secrets

env = environ.Env()
env.ENVIRON = {name: value for name, value in os.environ.items() if value}  # empty is unset, as in `THROTTLE_PER_USER=`

BASE_DIR = Path(__file__).resolve().parent.parent
PRIDE_HOME = Path(env("PRIDE_HOME", default=str(BASE_DIR / ".var")))

# What kind of installation this is

TWILIO_ACCOUNT_SID = env("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env("TWILIO_AUTH_TOKEN", default="")
TWILIO_API_BASE_URL = env("TWILIO_API_BASE_URL", default="")  # empty: Twilio itself
EMULATOR_PORT = env.int("EMULATOR_PORT", default=8001)  # where the sandbox's Twilio listens, on 127.0.0.1
SANDBOX = env.bool("SANDBOX", default=False)
LOOPBACK = ("127.0.0.1", "localhost", "::1")
if SANDBOX and TWILIO_ACCOUNT_SID and urlsplit(TWILIO_API_BASE_URL).hostname not in LOOPBACK:
    raise ImproperlyConfigured("SANDBOX=1 with real Twilio credentials: a test clock must never send real texts.")

if SANDBOX:
    # Every process of one home must sign alike.
    _seed = Home(PRIDE_HOME).sandbox_seed()
    SECRET_KEY = env("SECRET_KEY", default=f"sandbox-{_seed}")
    _twilio = hashlib.sha256(_seed.encode()).hexdigest()
    TWILIO_ACCOUNT_SID = TWILIO_ACCOUNT_SID or f"AC{_twilio[:32]}"
    TWILIO_AUTH_TOKEN = TWILIO_AUTH_TOKEN or _twilio[32:]
else:
    SECRET_KEY = env("SECRET_KEY")
    # Links to claim a lead are signed with the one, webhooks with the other: a short one can be guessed offline.
    if short := short_secrets({"SECRET_KEY": SECRET_KEY, "TWILIO_AUTH_TOKEN": TWILIO_AUTH_TOKEN}):
        raise ImproperlyConfigured(short)

PUBLIC_URL = env("PUBLIC_URL", default=f"http://127.0.0.1:{env('PORT', default='8000')}").rstrip("/")
ALLOWED_HOSTS = ["*"]  # nothing here is built from the Host header: links and signatures use PUBLIC_URL
DEBUG = False

# The parts

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "api.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",  # the static files of Swagger UI
    "oauth2_provider",
    "api.apps.ApiConfig",
    "core.operations",
    "teams",
    "crm",
    "messaging",
    "campaigns",
    "leads",
    *(["sandbox"] if SANDBOX else []),
]

MIDDLEWARE = [
    "api.proxies.UntrustedProtoMiddleware",
    "server.cors.CorsMiddleware",
    "api.bodies.decompression.DecompressionMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "api.page_security.PageSecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
CSRF_FAILURE_VIEW = "api.exceptions.csrf_failure"
APPEND_SLASH = False  # a redirect would lose the body of a POST

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

UNFOLD = {
    "SITE_TITLE": "Pridedesk",
    "SITE_HEADER": "Pridedesk",
    "SITE_SYMBOL": "real_estate_agent",
    "SITE_URL": "/docs",
    "STYLES": ["/static/api/admin.css"],
    "ACCOUNT": {"navigation": "api.admin.site.account_links"},
}

# Storage

DATABASES = {"default": env.db("DATABASE_URL")}
DATABASES["default"]["CONN_MAX_AGE"] = 0  # the pool keeps connections, not Django
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True  # a connection that died with the server is never handed out
DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
    "min_size": 1,
    "timeout": 5,  # how long a request waits for a connection, also when the server is away
    "reconnect_timeout": 5,  # after that the next caller starts again: back-off alone would lag behind the server
    "max_size": env.int("DATABASE_POOL", default=10),
}
# A server that is gone without a word, as when a cable is cut, is noticed within a minute.
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds
} | DATABASES["default"]["OPTIONS"]
# Values travel beside the statement, long lists in binary (`%b`, see core.db.bulk), not written into it and read again.
DATABASES["default"]["OPTIONS"]["server_side_binding"] = True
# Requests are many and similar: planning their statements again took a sixth of an intake's time. The workers disable
# it: their statements are few, and their tables grow a hundredfold before a plan is made again.
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 5 if env.bool("DATABASE_PREPARED", default=True) else None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL")
# A unix socket is `redis+socket://` to Celery's transport and `unix://` to the redis client.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL.replace("redis+socket://", "unix://"),
        "OPTIONS": {"socket_connect_timeout": 0.1, "socket_timeout": 0.1},
    }
}

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # serves the admin's files from the packages: no collectstatic, no copy to forget

# People

AUTH_USER_MODEL = "teams.User"
AUTHENTICATION_BACKENDS = ["teams.backends.EmailBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{validator}"}
    for validator in (
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
        "UserAttributeSimilarityValidator",
    )
]
LOGIN_URL = "/admin/login/"
LOGIN_REDIRECT_URL = "/admin/"
DEFAULT_TIME_ZONE = env("DEFAULT_TIME_ZONE", default="America/Los_Angeles")  # of users who name none
DEFAULT_REGION = env("DEFAULT_REGION", default="US")  # how a phone number without a country code is read

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"

# HTTP

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["oauth.authentication.BearerTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["oauth.authentication.HasValidToken"],
    "DEFAULT_PARSER_CLASSES": ["api.bodies.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["api.bodies.renderers.JSONRenderer"],
    "DEFAULT_FILTER_BACKENDS": ["api.lists.filter_backend.FeathersFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "api.lists.pagination.FeathersPagination",
    "DEFAULT_SCHEMA_CLASS": "api.schema.AutoSchema",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "api.bodies.renderers.JsonNegotiation",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_THROTTLE_CLASSES": ["api.throttling.PerUserThrottle"],
    "EXCEPTION_HANDLER": "api.exceptions.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
# Per minute; 0 for no limit. Anonymous requests have no valid token. Log-ins have a separate limit.
THROTTLE_PER_USER = env.int("THROTTLE_PER_USER", default=0)
THROTTLE_PER_ADDRESS = env.int("THROTTLE_PER_ADDRESS", default=3000)
# In ten minutes, 0 for any number. So many that a whole office behind one address may mistype.
LOGIN_EMAILS_PER_ADDRESS = env.int("LOGIN_EMAILS_PER_ADDRESS", default=50)
# Wrong passwords in an hour for one email, from all addresses; 0 for any number.
LOGINS_PER_EMAIL = env.int("LOGINS_PER_EMAIL", default=100)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

SPECTACULAR_SETTINGS = {
    "TITLE": "Pridedesk",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.0",
    "DEFAULT_GENERATOR_CLASS": "oauth.schema.OpenApiGeneratorWithOAuth",
    "GET_LIB_DOC_EXCLUDES": "api.schema.undocumented_bases",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [],  # enums stay where they are used
    "SCHEMA_PATH_PREFIX": "",
    "SORT_OPERATION_PARAMETERS": False,
}

# OAuth 2 (oauth.views)

# Of phone apps, beyond those with a dot in them (`com.example.app:/back`), which are always taken.
REDIRECT_SCHEMES = [scheme.lower() for scheme in env.list("REDIRECT_SCHEMES", default=[])]
if RUN_BY_BROWSERS := {"javascript", "data", "vbscript", "blob", "file", "about"}.intersection(REDIRECT_SCHEMES):
    raise ImproperlyConfigured(f"REDIRECT_SCHEMES may not name {', '.join(RUN_BY_BROWSERS)}: browsers run or show it.")
OAUTH2_PROVIDER_APPLICATION_MODEL = "teams.Application"
OAUTH2_PROVIDER = {
    "SCOPES": {"read": "Read your data", "write": "Read and change your data"},
    "DEFAULT_SCOPES": ["write"],
    "ACCESS_TOKEN_EXPIRE_SECONDS": 776_000,  # the figure of LionDesk's documented answer
    "REFRESH_TOKEN_EXPIRE_SECONDS": None,
    "ROTATE_REFRESH_TOKEN": False,  # a published client presents its first refresh token forever
    "REFRESH_TOKEN_REUSE_PROTECTION": True,  # `cleartokens` keeps spent rows: they hold earlier access tokens
    "PKCE_REQUIRED": False,
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 300,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,  # only SHA-256 of a token is stored
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,  # this and the next two: what no LionDesk client ever used is off
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "OAUTH2_BACKEND_CLASS": "oauth.validator.FormOrJsonCore",
    "OAUTH2_VALIDATOR_CLASS": "oauth.validator.HashingOAuth2Validator",
    "ACCESS_TOKEN_GENERATOR": "oauth.tokens.hex_token",
    "REFRESH_TOKEN_GENERATOR": "oauth.tokens.hex_token",
    "CLIENT_ID_GENERATOR_CLASS": "oauth.tokens.HexClientId",
    "CLIENT_SECRET_GENERATOR_CLASS": "oauth.tokens.HexClientSecret",
    "CLIENT_SECRET_HASHER": "fast_pbkdf2",
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http", *REDIRECT_SCHEMES],
}
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "oauth.tokens.GeneratedSecretHasher",  # `fast_pbkdf2`: for long random secrets only
]

# Whose X-Forwarded-For and X-Forwarded-Proto count: addresses and networks, in which an address may have host bits.
try:
    TRUSTED_PROXIES = [ip_network(proxy.strip(), strict=False) for proxy in env.list("TRUSTED_PROXIES", default=[])]
except ValueError as error:
    raise ImproperlyConfigured(f"TRUSTED_PROXIES: {error}. Name addresses or networks, as 172.16.0.0/12.") from None

# The policy of pages that name none of their own (api.page_security)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [csp.NONE],
        "style-src": [csp.SELF],
        "img-src": [csp.SELF],
        "form-action": [csp.SELF],
        "base-uri": [csp.NONE],
        "frame-ancestors": [csp.NONE],
    }
}

# Transport. TLS ends at a proxy, which redirects to it and sends HSTS; it must be one of TRUSTED_PROXIES,
# and set X-Forwarded-Proto.

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

SILENCED_SYSTEM_CHECKS = [
    "security.W004",  # HSTS and
    "security.W008",  # the redirect to TLS are the proxy's
    "oauth2_provider.W001",  # LionDesk documents the implicit grant; an application has it only by setting
    "oauth2_provider.W005",  # no published client expects `iss` in a redirect
    "oauth2_provider.W007",  # a published client presents one refresh token forever
    "oauth2_provider.W008",  # http redirects: integrators develop on their own machine
    "oauth2_provider.W010",  # PKCE is welcome, but published clients do not know it
]

# Time and due work (core.clock, core.scheduler)

CLOCK = "sandbox.clock.now" if SANDBOX else "django.utils.timezone.now"
ENGINES = [
    "leads.jobs",
    "campaigns.jobs.birthdays",
    "campaigns.jobs.send_communications",
    "campaigns.jobs.reminders",
    "messaging.outbox",
    "core.operations.retries",
    *(["sandbox.twilio.callbacks"] if SANDBOX else []),
]

# A worker or beat without progress for this long is ended (core.watchdog). Longer than the longest statement and the
# slowest answer of a provider.
STUCK_SECONDS = env.int("STUCK_SECONDS", default=120)
HEARTBEAT_FILE = env("HEARTBEAT_FILE", default="")  # whose age shows that the process is alive; `up` sets it

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Short time-outs: a request that triggers a tick must not wait for a broker that is away.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 60}
CELERY_TASK_IGNORE_RESULT = True  # outcomes belong in rows
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_IMPORTS = ["core.tasks", "core.cleanup", "crm.contact_counts"]

# Texts and emails (messaging)

TEXT_GATEWAY = env("TEXT_GATEWAY", default="messaging.gateways.twilio.TwilioGateway")
CALL_GATEWAY = env("CALL_GATEWAY", default="messaging.gateways.voice.TwilioVoice")
TWILIO_TIMEOUT_SECONDS = 10.0  # for one answer; after it a text may have been sent, and is looked up
ALERT_NUMBER = env("ALERT_NUMBER", default="+19495550100" if SANDBOX else "")
if fault := alert_number_fault(ALERT_NUMBER):
    raise ImproperlyConfigured(fault)
TEXTS_TO_UNKNOWN_CONSENT = env("TEXTS_TO_UNKNOWN_CONSENT", default="allow" if SANDBOX else "refuse")
if TEXTS_TO_UNKNOWN_CONSENT not in ("allow", "refuse"):
    raise ImproperlyConfigured("TEXTS_TO_UNKNOWN_CONSENT must be allow or refuse.")
MOST_FALLBACKS = env.int("MOST_FALLBACKS", default=5)  # of a lead from team to team: a guard against loops

EMAIL_TIMEOUT = 10  # Django's default would wait for ever
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="Pridedesk <crm@example.com>")
if SANDBOX:
    EMAIL_BACKEND = "sandbox.mailbox.SandboxMailBackend"
else:
    vars().update(env.email("EMAIL_URL"))  # no default: a guess would lose clients' emails in silence

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {
        "refusals": {
            "()": "django.utils.log.CallbackFilter",
            "callback": "ext://core.logging.drop_client_error_traceback",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"django.request": {"filters": ["refusals"]}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
}
