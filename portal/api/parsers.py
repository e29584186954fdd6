"""JSON that is read without harm; and exactly: decimal numbers as `Decimal`, nothing lost and nothing guessed."""

import json
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import parsers
from rest_framework.exceptions import ParseError
from rest_framework.utils.json import strict_constant


class JSONParser(parsers.JSONParser):
    """Refuses nesting without end."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return self.read(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError(_("The body is nested too deeply.")) from error

    def read(self, stream: Any, media_type: str | None, parser_context: Mapping[str, Any] | None) -> Any:
        return super().parse(stream, media_type, parser_context)


class ExactJSONParser(JSONParser):
    """Refuses what other parsers let pass, too: a name given twice, NaN."""

    def read(self, stream: Any, media_type: str | None, parser_context: Mapping[str, Any] | None) -> Any:
        try:
            return json.loads(
                stream.read().decode("utf-8"),
                parse_float=Decimal,
                parse_constant=strict_constant,
                object_pairs_hook=_without_repeats,
            )
        except (ValueError, ArithmeticError) as error:
            raise ParseError(_("The body is not JSON in UTF-8: %(error)s") % {"error": error}) from error


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        [(repeated, _times)] = Counter(name for name, _value in pairs).most_common(1)
        raise ParseError(_("The name “%(name)s” is given twice in one object.") % {"name": repeated})
    return read
