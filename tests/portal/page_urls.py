"""The addresses that the frame of every page links to, so that the frame can be tested by itself."""

from django.http import HttpResponse
from django.urls import path

from portal import views

_names = (
    "sign-in sign-out register verify institutions rules demo-clock accessibility contact set-language set-display "
    "can-exchange announcements privacy"
)
urlpatterns = [
    path("", views.start, name="start"),
    path("home/", views.home, name="home"),
    *(path(f"{name}/", lambda request: HttpResponse(), name=name) for name in _names.split()),
]
