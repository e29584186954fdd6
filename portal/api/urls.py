"""`/api/v1/`: each room brings its own calls in its `api.py`."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView

from portal.api.views import NothingHereView

ROOMS = ("portal.policy", "institutions", "education", "certificates")

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", SpectacularAPIView.as_view(permission_classes=(), authentication_classes=()), name="api-schema"),
    *(path("", include(f"{room}.api")) for room in ROOMS if find_spec(f"{room}.api")),
    re_path("", NothingHereView.as_view()),
]
