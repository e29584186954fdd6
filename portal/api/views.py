"""What every API view shares, and the answer for an address that does not exist."""

from typing import Any

from django.http import HttpRequest
from django.utils import translation
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class ApiView(APIView):
    """Answers in the language of `Accept-Language`, Chinese when it names none that the portal speaks."""

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        translation.activate(translation.get_language_from_request(request))
        return super().initialize_request(request, *args, **kwargs)


@extend_schema(exclude=True)
class NothingHereView(ApiView):
    """Answers for every address of the API that does not exist."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise exceptions.NotFound

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        raise exceptions.NotFound

    post = put = patch = delete = head = options = get
