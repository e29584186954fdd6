from django.urls import path

from institutions import views, views_chief, views_tokens

urlpatterns = [
    path("institutions/", views.institutions_page, name="institutions"),
    path("institutions/report/", views.designation_report_page, name="designation-report"),
    path("institutions/report/received/", views.designation_reported_page, name="designation-reported"),
    path("review/designation-reports/", views.review_designation_reports, name="review-designation-reports"),
    path(
        "review/designation-reports/<int:pk>/",
        views.review_designation_report,
        name="review-designation-report",
    ),
    path("chief/institutions/", views_chief.institution_list, name="chief-institutions"),
    path("chief/institutions/register/", views_chief.institution_new, name="chief-institution-new"),
    path("chief/institutions/<int:pk>/", views_chief.institution_page, name="chief-institution"),
    path("chief/institutions/<int:pk>/clerks/open/", views_chief.clerk_new, name="chief-clerk-new"),
    path(
        "chief/institutions/qualifications/<int:pk>/end/",
        views_chief.qualification_stop,
        name="chief-qualification-end",
    ),
    path("tokens/", views_tokens.tokens_page, name="tokens"),
    path("tokens/new/", views_tokens.token_new, name="token-new"),
    path("tokens/<uuid:pk>/rotate/", views_tokens.token_rotate_page, name="token-rotate"),
    path("tokens/<uuid:pk>/revoke/", views_tokens.token_revoke_page, name="token-revoke"),
]
