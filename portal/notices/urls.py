from django.urls import path

from portal.notices import views

urlpatterns = [path("notices/", views.notices_page, name="notices")]
