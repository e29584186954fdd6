from django.urls import path

from portal.downloads import views

urlpatterns = [
    path("downloads/<uuid:pk>/", views.download_page, name="download"),
    path("downloads/<uuid:pk>/file/", views.download_file, name="download-file"),
]
