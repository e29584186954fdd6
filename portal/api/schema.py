"""What the API description says beyond the views: errors have their own media type."""

from typing import Any

from portal.api.problems import MEDIA_TYPE


def errors_are_problem_documents(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Give every error response of the description the media type of problem documents (RFC 9457)."""
    operations = (operation for methods in result["paths"].values() for operation in methods.values())
    for operation in operations:
        for status, response in operation["responses"].items():
            if status >= "400" and "content" in response:
                response["content"] = {MEDIA_TYPE: next(iter(response["content"].values()))}
    return result
