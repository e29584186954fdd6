from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("portal.health")),
    path("", include("portal.accounts.urls")),
    path("", include("portal.notices.urls")),
    path("", include("institutions.urls")),
]
