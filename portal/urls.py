"""Every address of the portal: each room brings its own."""

from django.urls import URLPattern, URLResolver, include, path

from portal import views, views_review

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.start, name="start"),
    path("home/", views.home, name="home"),
    path("accessibility/", views.accessibility, name="accessibility"),
    path("contact/", views.contact, name="contact"),
    path("rules/", views.rules, name="rules"),
    path("demo/clock/", views.move_clock, name="demo-clock"),
    path("language/", views.set_language, name="set-language"),
    path("display/", views.set_display, name="set-display"),
    path("review/", views_review.review_home, name="review-home"),
    path("", include("portal.health")),
    path("", include("portal.accounts.urls")),
    path("", include("portal.notices.urls")),
    path("", include("institutions.urls")),
    path("", include("education.urls")),
    path("", include("certificates.urls")),
    path("api/v1/", include("portal.api.urls")),
]

handler400 = "portal.views.bad_request"
handler403 = "portal.views.permission_denied"
handler404 = "portal.views.not_found"
handler500 = "portal.views.server_error"
