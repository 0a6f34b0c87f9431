"""As little as Django and REST framework need; the database, its pool and the server are the product's own kind."""

import environ

env = environ.Env()

SECRET_KEY = "bare"  # signs nothing
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["rest_framework", "django_filters", "benchmarks.bare"]
MIDDLEWARE = []
ROOT_URLCONF = "benchmarks.bare.urls"
APPEND_SLASH = False
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASES = {"default": env.db("DATABASE_URL")}
DATABASES["default"]["CONN_MAX_AGE"] = 0
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {"min_size": 1, "timeout": 5, "max_size": 10}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",  # with an exact count
    "PAGE_SIZE": 10,
    "UNAUTHENTICATED_USER": None,
}
