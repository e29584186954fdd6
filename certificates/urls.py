from django.urls import path

from certificates.api_credentials import key_set_view
from certificates.views import (
    checks,
    education,
    exchange,
    holder,
    offline,
    policy_preview,
    public,
    requests,
    review,
    review_bulk,
    review_certificate,
    review_person,
    review_voiding,
    scope,
    voiding,
)

PAPER = "me/certificates/<uuid:pk>/"
ELECTRONIC = "me/electronic/<uuid:pk>/"

urlpatterns = [
    path("me/", holder.worker_home, name="worker-home"),
    path("me/education/", education.my_education, name="my-education"),
    path(PAPER, holder.legacy_certificate, name="legacy-certificate"),
    path(f"{PAPER}exchange/", exchange.exchange, name="exchange"),
    path(f"{PAPER}archive-check/", requests.archive_check, name="archive-check-request"),
    path(f"{PAPER}services/<slug:kind>/", requests.legacy_service, name="legacy-service-request"),
    path(ELECTRONIC, holder.electronic_certificate, name="electronic-certificate"),
    path(f"{ELECTRONIC}pdf/", holder.electronic_certificate_pdf, name="electronic-certificate-pdf"),
    path(f"{ELECTRONIC}photo/", holder.electronic_certificate_photo, name="electronic-certificate-photo"),
    path(f"{ELECTRONIC}log/", holder.electronic_certificate_evidence, name="electronic-certificate-evidence"),
    path(f"{ELECTRONIC}voiding/", voiding.voiding, name="voiding"),
    path("me/voiding-evidence/<uuid:pk>/", voiding.voiding_evidence, name="voiding-evidence"),
    path("review/voiding/", review_voiding.voiding_list, name="review-voidings"),
    path("review/voiding/second/", review_voiding.voiding_list_second, name="review-voidings-second"),
    path("review/voiding/find/", review_voiding.voiding_find, name="review-voiding-find"),
    path("review/voiding/<uuid:pk>/", review_voiding.voiding_detail, name="review-voiding"),
    path(
        "review/voiding-evidence/<uuid:pk>/", review_voiding.review_evidence, name="review-voiding-evidence"
    ),
    path("review/people/", review_person.people, name="review-people"),
    path("review/people/<uuid:pk>/", review_person.person, name="review-person"),
    path("review/certificates/", review_certificate.certificate_list, name="review-certificates"),
    path("review/certificates/<uuid:pk>/", review_certificate.certificate_detail, name="review-certificate"),
    path("review/archive-checks/", review.archive_list, name="review-archive-checks"),
    path("review/archive-checks/bulk/", review_bulk.archive_bulk, name="review-archive-bulk"),
    path("review/archive-checks/<int:pk>/", review.archive_check, name="review-archive-check"),
    path("review/services/", review.service_list, name="review-services"),
    path("review/services/<uuid:pk>/", review.service, name="review-service"),
    path("review/policy-preview/", policy_preview.policy_preview_page, name="review-policy-preview"),
    path("can-i-exchange/", scope.can_exchange, name="can-exchange"),
    path("verify/", public.verify_page, name="verify"),
    path("verify/name/", checks.verify_name, name="verify-name"),
    path("verify/file/", checks.verify_file, name="verify-file"),
    path("verify/list/", checks.verify_list, name="verify-list"),
    path("verify/token/", public.verify_token, name="verify-token"),
    path("verify/offline/", offline.page, name="verify-offline"),
    path("verify/offline/worker.js", offline.worker, name="verify-offline-worker"),
    path("v/<path:number>", public.verify_short, name="verify-short"),
    # Capitals fit the QR symbol's alphanumeric mode.
    path("V/<path:number>", public.verify_short),
    path(".well-known/jwks.json", key_set_view, name="jwks"),
]
