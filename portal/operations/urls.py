from django.urls import path

from portal.operations import views

urlpatterns = [
    path("operator/", views.operator_home, name="operator-home"),
    path("operator/failures/", views.operator_failures, name="operator-failures"),
    path("metrics", views.metrics, name="metrics"),
]
