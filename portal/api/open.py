"""What calls without a token have in common."""

from typing import ClassVar

from rest_framework.permissions import AllowAny
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from portal.api.throttling import OriginThrottle
from portal.limits import Limit


class OpenView(APIView):
    """For anyone, without a token, as often as ``limit`` lets one network."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    limit: ClassVar[Limit]

    def get_throttles(self) -> list[BaseThrottle]:
        return [OriginThrottle(self.limit)]
