"""What the API description says beyond the views: errors have their own media type."""

from typing import Any

from portal.api.problems import MEDIA_TYPE

PROBLEM = {"$ref": "#/components/schemas/Problem"}
ANY_CALL = {"406": "The answer does not exist in the format asked for", "429": "Too many requests"}
ANY_BODY = {"413": "The body is too large", "415": "The content type is not accepted"}


def errors_are_problem_documents(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Complete the errors of the description, and give all of them the media type of problem documents (RFC 9457).

    What any call and any body can meet before the view is asked is added here, so that no view can forget it.
    """
    operations = (operation for methods in result["paths"].values() for operation in methods.values())
    for operation in operations:
        for status, text in (ANY_CALL | (ANY_BODY if "requestBody" in operation else {})).items():
            operation["responses"].setdefault(
                status, {"description": text, "content": {MEDIA_TYPE: {"schema": PROBLEM}}}
            )
        for status, response in operation["responses"].items():
            if status >= "400" and "content" in response:
                response["content"] = {MEDIA_TYPE: next(iter(response["content"].values()))}
    return result
