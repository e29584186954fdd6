from django.urls import path

from portal.operations import records, views

urlpatterns = [
    path("operator/", views.operator_home, name="operator-home"),
    path("operator/failures/", views.operator_failures, name="operator-failures"),
    path("operator/records/", records.records_index, name="operator-records-index"),
    path("operator/records/<str:label>/", records.records, name="operator-records"),
    path("operator/records/<str:label>/<path:pk>/", records.record, name="operator-record"),
    path("metrics", views.metrics, name="metrics"),
]
