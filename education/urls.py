from django.urls import path

from education import claims, consistency, trainees, views, views_bulk, views_receipts, views_review
from education.national import views as national

urlpatterns = [
    path("receipts/", views_receipts.receipt_page, name="receipt-verify"),
    path("institution/", views.institution_home, name="institution-home"),
    path("institution/trainees/", trainees.trainees, name="institution-trainees"),
    path("institution/batches/", views.batch_list, name="batch-list"),
    path("institution/batches/upload/", views.batch_upload, name="batch-upload"),
    path("institution/batches/template/", views.batch_template, name="batch-template"),
    path("institution/batches/<uuid:pk>/", views.batch_detail, name="batch-detail"),
    path("institution/batches/<uuid:pk>/problems/", views.batch_problems, name="batch-problems"),
    path("institution/batches/<uuid:pk>/submit/", views.batch_submit, name="batch-submit"),
    path("institution/batches/<uuid:pk>/cancel/", views.batch_cancel, name="batch-cancel"),
    path("institution/batches/<uuid:pk>/recheck/", views.batch_recheck, name="batch-recheck"),
    path("institution/batches/<uuid:pk>/workbook/", views.batch_workbook, name="batch-workbook"),
    path("institution/batches/<uuid:pk>/receipt/", views.batch_receipt, name="batch-receipt"),
    path("chief/consistency/", consistency.consistency_page, name="chief-consistency"),
    path("me/education/claims/", claims.my_claims, name="my-claims"),
    path("review/batches/", views_review.review_batches, name="review-batches"),
    path("review/batches/bulk/", views_bulk.batch_bulk, name="review-batch-bulk"),
    path("review/batches/<uuid:pk>/", views_review.review_batch, name="review-batch"),
    path("review/batches/<uuid:pk>/approve/", views_review.review_batch_approve, name="review-batch-approve"),
    path("review/batches/<uuid:pk>/return/", views_review.review_batch_return, name="review-batch-return"),
    path("review/batches/<uuid:pk>/row/", views_review.review_batch_row, name="review-batch-row"),
    path(
        "review/batches/<uuid:pk>/reversal/", views_review.review_batch_reversal, name="review-batch-reversal"
    ),
    path("review/national/", national.national, name="review-national"),
    path("review/national/mark/", national.national_mark, name="review-national-mark"),
    path(
        "review/national/deliveries/<uuid:pk>/send-again/",
        national.national_send_again,
        name="review-national-send-again",
    ),
    path("review/national/<str:first>/entered/", national.national_entered, name="review-national-entered"),
    path(
        "review/national/<str:first>.xlsx",
        national.national_export,
        {"kind": "xlsx"},
        name="review-national-xlsx",
    ),
    path(
        "review/national/<str:first>.csv",
        national.national_export,
        {"kind": "csv"},
        name="review-national-csv",
    ),
]
