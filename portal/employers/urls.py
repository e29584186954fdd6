from django.urls import path

from portal.employers import views

urlpatterns = [
    path("employer/register/", views.register_page, name="employer-register"),
    path("employer/workers/", views.workers_page, name="employer-workers"),
    path(
        "employer/workers/<uuid:pk>/cancel/", views.invitation_cancel_page, name="employer-invitation-cancel"
    ),
    path("me/employers/", views.my_employers, name="my-employers"),
    path("me/employers/<uuid:pk>/answer/", views.invitation_answer, name="employer-invitation-answer"),
]
