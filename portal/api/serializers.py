"""Strict reading of request bodies: each value has one way of writing it, and an unknown name is an error."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

EARLIEST_YEAR, LATEST_YEAR = 1900, 2100
MOST_HOURS = Decimal(9999)
TENTH = Decimal("0.1")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses names that it does not know, each one named."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = self._unknown(data) if isinstance(data, Mapping) else {}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if unknown and isinstance(error.detail, dict):
                raise serializers.ValidationError({**error.detail, **unknown}) from error
            raise
        if unknown:
            raise serializers.ValidationError(unknown)
        return values

    def _unknown(self, data: Mapping[str, Any]) -> dict[str, Any]:
        message = _("Unknown field. Expected only %(names)s.") % {"names": ", ".join(self.fields)}
        return {name: [message] for name in sorted(data.keys() - self.fields.keys())}


class StrictSerializerDescription(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Tells the API description that there are no other names."""

    target_class = StrictSerializer
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False}


class StrictCharField(serializers.CharField):
    """Text as it is; a number is no text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, "max_length": 100} | kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictChoiceField(serializers.ChoiceField):
    """One of the words given."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


class StrictBooleanField(serializers.BooleanField):
    """true or false; not 1, not "yes"."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictIntegerField(serializers.IntegerField):
    """A whole number written as one; not 5.0, not "5", not true."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


@extend_schema_field(OpenApiTypes.DATE)
class StrictDateField(serializers.Field[date, Any, str, Any]):
    """A day that exists, written 2020-12-31."""

    default_error_messages = {
        "invalid": _("Expected a day that exists, written as 2020-12-31."),
        "range": _("Expected a day from 1900 to 2100."),
    }

    def to_internal_value(self, data: Any) -> date:
        if not isinstance(data, str) or not DAY.fullmatch(data):
            self.fail("invalid")
        try:
            day = date.fromisoformat(data)
        except ValueError:
            self.fail("invalid")
        if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
            self.fail("range")
        return day

    def to_representation(self, value: date) -> str:
        return value.isoformat()


@extend_schema_field(OpenApiTypes.DATETIME)
class StrictDateTimeField(serializers.Field[datetime, Any, str, Any]):
    """A moment that exists, with its offset from UTC."""

    default_error_messages = {
        "invalid": _("Expected a moment that exists, with its offset, written as 2020-11-30T10:00:00+08:00."),
        "range": _("Expected a moment from 1900 to 2100."),
    }

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str) or not MOMENT.fullmatch(data):
            self.fail("invalid")
        try:
            moment = datetime.fromisoformat(data)
        except ValueError:
            self.fail("invalid")
        if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
            self.fail("range")
        return moment

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()


@extend_schema_field({"type": "number", "minimum": 0, "maximum": 9999, "multipleOf": 0.1})
class HoursField(serializers.Field[Decimal, Any, Any, Any]):
    """Hours as a JSON number with at most one decimal, read exactly."""

    default_error_messages = {
        "invalid": _("Expected a number of hours with at most one decimal, such as 32 or 28.5."),
        "range": _("Expected hours from 0 to 9999."),
    }

    def to_internal_value(self, data: Any) -> Decimal:
        if type(data) not in (int, Decimal):
            self.fail("invalid")
        hours = Decimal(data)
        if not 0 <= hours <= MOST_HOURS:
            self.fail("range")
        if hours != hours.quantize(TENTH):
            self.fail("invalid")
        return hours.quantize(TENTH)

    def to_representation(self, value: Decimal) -> Decimal:
        return value


class CourseHoursSerializer(StrictSerializer):
    """The hours of one course: the professional ones are a part of the whole."""

    hours = HoursField()
    professional_hours = HoursField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["professional_hours"] > attrs["hours"]:
            message = _("Professional hours are a part of the hours and cannot exceed them.")
            raise serializers.ValidationError({"professional_hours": [message]})
        return attrs
