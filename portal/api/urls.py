"""`/api/v1/`: each room brings its own calls in its `api.py`."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView

from portal.api.views import NothingHereView

MODULES = (
    "portal.policy.api",
    "institutions.api",
    "education.api",
    "education.api_national",
    "education.api_policy",
    "education.api_receipts",
    "education.api_reversals",
    "certificates.api",
    "certificates.api_credentials",
    "certificates.api_checks",
    "certificates.api_log",
    "certificates.api_policy",
)

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "schema/",
        SpectacularAPIView.as_view(permission_classes=(), authentication_classes=()),
        name="api-schema",
    ),
    *(path("", include(module)) for module in MODULES if find_spec(module)),
    re_path("", NothingHereView.as_view()),
]
