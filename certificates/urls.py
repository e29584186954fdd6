from django.urls import path

from certificates.views import exchange, holder, public, requests, review

PAPER = "me/certificates/<uuid:pk>/"
ELECTRONIC = "me/electronic/<uuid:pk>/"

urlpatterns = [
    path("me/", holder.worker_home, name="worker-home"),
    path(PAPER, holder.legacy_certificate, name="legacy-certificate"),
    path(f"{PAPER}exchange/", exchange.exchange, name="exchange"),
    path(f"{PAPER}archive-check/", requests.archive_check, name="archive-check-request"),
    path(f"{PAPER}services/<slug:kind>/", requests.legacy_service, name="legacy-service-request"),
    path(ELECTRONIC, holder.electronic_certificate, name="electronic-certificate"),
    path(f"{ELECTRONIC}pdf/", holder.electronic_certificate_pdf, name="electronic-certificate-pdf"),
    path(f"{ELECTRONIC}photo/", holder.electronic_certificate_photo, name="electronic-certificate-photo"),
    path("review/archive-checks/", review.archive_list, name="review-archive-checks"),
    path("review/archive-checks/<int:pk>/", review.archive_check, name="review-archive-check"),
    path("review/services/", review.service_list, name="review-services"),
    path("review/services/<uuid:pk>/", review.service, name="review-service"),
    path("verify/", public.verify_page, name="verify"),
    path("v/<path:number>", public.verify_short, name="verify-short"),
]
