from django.urls import path

from institutions import views

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
]
