"""The bare limit of public verification: Django without middleware, one view, one indexed read on a raw cursor."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import JsonResponse
from django.urls import path

READ = "SELECT number, state, holder_name, post_code, issued_at FROM certificates_electroniccertificate WHERE number = %s"


def bare(request, number):
    with connection.cursor() as cursor:
        cursor.execute(READ, [number])
        number, state, holder, post, issued_at = cursor.fetchone()
    return JsonResponse(
        {"number": number, "state": state, "holder": holder, "post": post, "issued_on": issued_at.isoformat()}
    )


urlpatterns = [path("bare/<str:number>/", bare)]
settings.ROOT_URLCONF = __name__
settings.MIDDLEWARE = []
application = get_wsgi_application()
