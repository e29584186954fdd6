"""How forms look and what they are made of: the renderer, fields and widgets of every form in the portal.

Any Django form renders in the portal's look: ``{{ form }}``, or a field at a time with ``{{ form.name.as_field_group }}``.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting
from django.forms.widgets import ChoiceWidget, Input
from django.utils.translation import gettext_lazy as _

from portal.identity import visible

KIT_CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.PasswordInput, "govuk-input govuk-password-input__input govuk-js-password-input-input"),
    (forms.FileInput, "govuk-file-upload"),
    (forms.CheckboxInput, "govuk-checkboxes__input"),
    (forms.Textarea, "govuk-textarea"),
    (forms.RadioSelect, ""),
    (forms.CheckboxSelectMultiple, ""),
    (forms.Select, "govuk-select"),
    (Input, "govuk-input"),
)
"""The kit's class for each kind of widget; the first that fits counts."""


TOO_MANY = "too_many"
"""The code of an error that says that something was tried too often."""


def form_status(form: forms.BaseForm) -> int:
    """Return the HTTP status of a page that shows ``form``: 200, 422 with errors, 429 when they say `TOO_MANY`."""
    if form.has_error(NON_FIELD_ERRORS, TOO_MANY):
        return 429
    return 422 if form.errors else 200


class PortalBoundField(BoundField):
    """A field that knows the kit's classes."""

    @property
    def is_single_checkbox(self) -> bool:
        return isinstance(self.field.widget, forms.CheckboxInput)

    def build_widget_attrs(
        self, attrs: Mapping[str, Any], widget: forms.Widget | None = None
    ) -> dict[str, str | bool]:
        built: dict[str, str | bool] = dict(super().build_widget_attrs(dict(attrs), widget))
        widget = widget or self.field.widget
        if not widget.is_hidden and (names := _classes(widget, has_errors=bool(self.errors))):
            built["class"] = names
        return built


def _classes(widget: forms.Widget, *, has_errors: bool) -> str:
    kit = next((names for kind, names in KIT_CLASSES if isinstance(widget, kind)), "")
    state = f"{kit.split()[0]}--error" if has_errors and kit.startswith("govuk-") else ""
    return " ".join(part for part in (kit, state, widget.attrs.get("class", "")) if part)


class PortalRenderer(TemplatesSetting):
    form_template_name = "django/forms/page.html"
    field_template_name = "django/forms/field.html"
    bound_field_class = PortalBoundField


class Form(forms.Form):
    """Base of the portal's forms: problems are shown by the server, in the reader's language, all at once."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        _name_missing_fields(self.fields)


class ModelForm(forms.ModelForm):  # type: ignore[type-arg]
    """As `Form`, for a model."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        _name_missing_fields(self.fields)


def _name_missing_fields(fields: Mapping[str, forms.Field]) -> None:
    """Let a missing answer say which one is missing; a form that has words of its own keeps them."""
    for field in fields.values():
        if (
            field.label
            and field.error_messages.get("required") == forms.Field.default_error_messages["required"]
        ):
            field.error_messages["required"] = _missing(field.widget) % {"label": field.label}


def _missing(widget: forms.Widget) -> Any:
    if isinstance(widget, forms.FileInput):
        return _("Choose a file for “%(label)s”.")
    if isinstance(widget, forms.CheckboxInput):
        return _("To go on, tick “%(label)s”.")
    if isinstance(widget, ChoiceWidget):
        return _("Choose an answer for “%(label)s”.")
    return _("Fill in “%(label)s”.")


# Widgets


class KitTextInput(forms.TextInput):
    """A text input with fixed attributes, set by its subclasses."""

    defaults: ClassVar[dict[str, str]] = {}

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__({**self.defaults, **(attrs or {})})


class IdNumberInput(KitTextInput):
    """For a resident ID number: no capitals, spelling or history of the browser."""

    defaults: ClassVar[dict[str, str]] = {
        "class": "govuk-input--width-20 app-number",
        "autocomplete": "off",
        "autocapitalize": "characters",
        "spellcheck": "false",
        "maxlength": "30",
    }


class MobileInput(KitTextInput):
    defaults: ClassVar[dict[str, str]] = {
        "class": "govuk-input--width-20 app-number",
        "inputmode": "tel",
        "autocomplete": "tel-national",
        "maxlength": "20",
    }


class CodeInput(KitTextInput):
    """For a code sent by SMS or made by an authenticator."""

    defaults: ClassVar[dict[str, str]] = {
        "class": "govuk-input--width-10 app-number",
        "inputmode": "numeric",
        "autocomplete": "one-time-code",
        "maxlength": "10",
    }


class NumberInput(KitTextInput):
    """For a figure: a text input with a numeric keyboard, since spinners change figures by accident."""

    defaults: ClassVar[dict[str, str]] = {
        "class": "govuk-input--width-5 app-number",
        "inputmode": "decimal",
        "autocomplete": "off",
    }


class DayInput(forms.DateInput):
    """For a day, written 2020-11-10."""

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        defaults = {
            "class": "govuk-input--width-10 app-number",
            "inputmode": "numeric",
            "autocomplete": "off",
        }
        super().__init__({**defaults, **(attrs or {})}, format="%Y-%m-%d")


class FileInput(forms.FileInput):
    """For an upload, with the portal's own button: a browser's speaks the browser's language.

    ``preview`` is the id of an ``<img hidden>`` that shows a chosen photo at once.
    ``capture`` opens a phone's camera at once: ``user`` the one towards the face, ``environment`` the other.
    """

    def __init__(self, *, accept: str, preview: str = "", capture: str = "") -> None:
        optional = {"data-preview": preview, "capture": capture}
        super().__init__({"accept": accept} | {name: value for name, value in optional.items() if value})

    def get_context(self, name: str, value: Any, attrs: Mapping[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)  # type: ignore[arg-type]
        context["widget"]["texts"] = FILE_TEXTS
        return context


FILE_TEXTS = {
    "choose-files-button": _("Choose a file"),
    "drop-instruction": _("or drop it here"),
    "no-file-chosen": _("No file chosen"),
    "multiple-files-chosen.one": _("%{count} file chosen"),
    "multiple-files-chosen.other": _("%{count} files chosen"),
    "entered-drop-zone": _("Over the field"),
    "left-drop-zone": _("No longer over the field"),
}
"""What the kit's script says around a file input."""


# Fields


class LineField(forms.CharField):
    """One line of text, without what nobody sees: control and zero-width characters, doubled spaces."""

    def to_python(self, value: Any) -> str:
        return visible(str(super().to_python(value)))


class ProseField(forms.CharField):
    """Several lines of text; what nobody can see counts as nothing."""

    def to_python(self, value: Any) -> str:
        text = str(super().to_python(value))
        return text if visible(text) else ""


class DayField(forms.DateField):
    """A day as people write it: 2020-11-10, 2020/11/10, 2020.11.10, 20201110 or 2020年11月10日."""

    widget = DayInput
    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": _("Enter a day that exists, such as 2020-11-10.")
    }
    input_formats = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=self.input_formats, **kwargs)


class HoursField(forms.DecimalField):
    """Hours with at most one decimal; the cleaned value is whole tenths of an hour (28.5 → 285)."""

    widget = NumberInput
    default_error_messages: ClassVar[dict[str, Any]] = dict.fromkeys(
        ("invalid", "max_decimal_places", "max_digits", "max_whole_digits", "min_value"),
        _("Enter hours with one decimal at most, such as 28.5."),
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 0, "max_digits": 6, "decimal_places": 1} | kwargs)

    def clean(self, value: Any) -> int | None:
        cleaned = super().clean(value)
        return None if cleaned is None else int(cleaned * 10)

    def prepare_value(self, value: Any) -> Any:
        return f"{Decimal(value) / 10:f}".removesuffix(".0") if isinstance(value, int) else value
