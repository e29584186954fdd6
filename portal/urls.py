"""Every address of the portal: each room brings its own."""

from django.urls import URLPattern, URLResolver, include, path

from portal import announcements, filters, mydata, reveals, views, views_review
from portal.events import views as events_views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.start, name="start"),
    path("home/", views.home, name="home"),
    path("accessibility/", views.accessibility, name="accessibility"),
    path("contact/", views.contact, name="contact"),
    path("rules/", views.rules, name="rules"),
    path("demo/clock/", views.move_clock, name="demo-clock"),
    path("announcements/", announcements.announcements_page, name="announcements"),
    path("announcements/<uuid:pk>/", announcements.announcement_page, name="announcement"),
    path("chief/announcements/", announcements.chief_announcements, name="chief-announcements"),
    path(
        "chief/announcements/<uuid:pk>/",
        announcements.chief_announcement_show,
        name="chief-announcement-show",
    ),
    path("review/filters/", filters.filter_save_page, name="filter-save"),
    path("review/filters/<uuid:pk>/delete/", filters.filter_delete_page, name="filter-delete"),
    path("language/", views.set_language, name="set-language"),
    path("display/", views.set_display, name="set-display"),
    path("review/", views_review.review_home, name="review-home"),
    path("", include("portal.health")),
    path("", include("portal.accounts.urls")),
    path("", include("portal.notices.urls")),
    path("", include("portal.employers.urls")),
    path("me/data/", mydata.my_data, name="my-data"),
    path("me/data/export/", mydata.my_data_export, name="my-data-export"),
    path("review/people/<uuid:pk>/id-number/", reveals.reveal_page, name="identity-reveal"),
    path("audit/", events_views.audit, name="audit"),
    path("audit/export/", events_views.audit_export, name="audit-export"),
    path("", include("portal.operations.urls")),
    path("", include("portal.downloads.urls")),
    path("", include("institutions.urls")),
    path("", include("education.urls")),
    path("", include("certificates.urls")),
    path("", include("certificates.urls_desks")),
    path("api/v1/", include("portal.api.urls")),
]

handler400 = "portal.views.bad_request"
handler403 = "portal.views.permission_denied"
handler404 = "portal.views.not_found"
handler500 = "portal.views.server_error"
