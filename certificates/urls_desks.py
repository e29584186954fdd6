"""The places of county officers, employers, the reviewer in chief and operators, as far as they are about certificates."""

from django.urls import path

from certificates.views import chief, county, employer, operator

urlpatterns = [
    path("county/", county.county_home, name="county-home"),
    path("county/people/", county.county_people, name="county-people"),
    path("county/people/export/<slug:kind>/", county.county_export, name="county-export"),
    path("county/employers/", county.county_employers, name="county-employers"),
    path("county/employers/<slug:key>/notice/", county.county_notice, name="county-notice"),
    path("employer/", employer.employer_home, name="employer-home"),
    path("employer/export/<slug:kind>/", employer.employer_export, name="employer-export"),
    path("chief/", chief.chief_home, name="chief-home"),
    path("chief/closing-report/", chief.closing_report_page, name="chief-closing-report"),
    path("operator/imports/", operator.imports, name="operator-imports"),
]
