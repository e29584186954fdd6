"""JSON read exactly: decimal numbers as `Decimal`, nothing lost and nothing guessed."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.utils.json import strict_constant


class ExactJSONParser(JSONParser):
    """Refuses what other parsers let pass: a name given twice, NaN, nesting without end."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return json.loads(
                stream.read().decode("utf-8"),
                parse_float=Decimal,
                parse_constant=strict_constant,
                object_pairs_hook=_without_repeats,
            )
        except (ValueError, ArithmeticError) as error:
            raise ParseError(_("The body is not JSON in UTF-8: %(error)s") % {"error": error}) from error
        except RecursionError as error:
            raise ParseError(_("The body is nested too deeply.")) from error


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _value in pairs]
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise ParseError(_("The name “%(name)s” is given twice in one object.") % {"name": repeated})
    return dict(pairs)
