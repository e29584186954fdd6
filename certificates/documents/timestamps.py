"""Asks a timestamp authority over HTTP (RFC 3161) to vouch for the time of a signature."""

from asyncio import to_thread
from urllib.error import URLError
from urllib.request import Request

from asn1crypto import tsp
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError

from portal.outgoing import opener

TIMEOUT = 10  # seconds
AT_MOST = 1_000_000  # bytes


class HttpTimeStamper(TimeStamper):
    """The authority at ``url`` (http or https)."""

    def __init__(self, url: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.url = url

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return await to_thread(self._ask, req)

    def _ask(self, query: tsp.TimeStampReq) -> tsp.TimeStampResp:
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        request = Request(self.url, data=query.dump(), headers=headers)  # noqa: S310 - the operator's own setting
        try:
            with opener.open(request, timeout=TIMEOUT) as reply:
                return tsp.TimeStampResp.load(reply.read(AT_MOST))
        except (URLError, TimeoutError, ValueError) as error:
            raise TimestampRequestError(
                "The timestamp authority cannot be reached, or gave no timestamp."
            ) from error
