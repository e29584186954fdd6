"""What people type about themselves. Spaces, full-width digits and the like are repaired silently."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from portal import clock
from portal.accounts.messages import photo_text, problem_text
from portal.accounts.models import Person, User
from portal.accounts.photos import PhotoRefusedError, Portrait, portrait
from portal.accounts.services import Employment
from portal.forms import FileInput, Form, IdNumberInput, KitTextInput, LineField, MobileInput
from portal.identity import (
    NAME_LENGTH,
    Problem,
    normalise_credit_code,
    normalise_id_number,
    normalise_mobile,
    normalise_name,
    visible,
)
from portal.policy import current_pack

PHOTO_TYPES = "image/jpeg,image/png"
PREVIEW = "photo-preview"
TYPED_AT_MOST = 200  # characters of any single line


class NameInput(KitTextInput):
    defaults: ClassVar[dict[str, str]] = {
        "class": "govuk-input--width-20",
        "autocomplete": "name",
        "spellcheck": "false",
    }


class IdentityField(forms.CharField):
    """Text that `portal.identity` normalises; its problem becomes the field's error."""

    def __init__(self, normalise: Callable[[str], str | Problem], **kwargs: Any) -> None:
        super().__init__(max_length=TYPED_AT_MOST, strip=False, **kwargs)
        self.normalise = normalise

    def validate(self, value: str) -> None:
        """Leave an empty value to `clean`, whose words say what is wanted."""

    def clean(self, value: Any) -> str:
        typed = str(super().clean(value))
        if not self.required and not visible(typed):
            return ""
        result = self.normalise(typed)
        if isinstance(result, Problem):
            raise ValidationError(problem_text(result), code=result.code)
        return result


def _name_field() -> IdentityField:
    return IdentityField(
        normalise_name, label=_("Name"), help_text=_("As on your ID card."), widget=NameInput
    )


def _mobile_field() -> IdentityField:
    return IdentityField(
        normalise_mobile,
        label=_("Mobile number"),
        help_text=_("11 digits. You can sign in with it."),
        widget=MobileInput,
    )


class PasswordField(forms.CharField):
    """A new password, typed once: the page can show it."""

    def __init__(self, label: Any) -> None:
        super().__init__(
            label=label,
            help_text=_(
                "At least 8 characters, not digits alone. Three or four words that only you would put together are good."
            ),
            strip=False,
            max_length=TYPED_AT_MOST,
            widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
            error_messages={"required": _("Choose a password.")},
        )


class NewPasswordForm(Form):
    """A form with a `PasswordField` called ``password``, which others must not guess who know whose it is."""

    def holder(self) -> User:
        """Return, unsaved or not, whose password it will be, as far as that is known."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        if password := self.cleaned_data.get("password"):
            try:
                validate_password(password, self.holder())
            except ValidationError as error:
                self.add_error("password", error)
        return self.cleaned_data


class RegistrationForm(NewPasswordForm):
    id_number = IdentityField(
        normalise_id_number,
        label=_("Resident ID number"),
        help_text=_("18 characters; the last one may be X. Certificates are found by it."),
        widget=IdNumberInput,
    )
    name = _name_field()
    mobile = _mobile_field()
    password = PasswordField(_("Password"))

    def holder(self) -> User:
        said = {name: self.cleaned_data.get(name, "") for name in ("id_number", "name", "mobile")}
        return User(person=Person(**said))


class PasswordForm(NewPasswordForm):
    current = forms.CharField(
        label=_("Present password"),
        strip=False,
        max_length=TYPED_AT_MOST,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": _("Enter your present password.")},
    )
    password = PasswordField(_("New password"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def holder(self) -> User:
        return self.user


class SignInForm(Form):
    identifier = forms.CharField(
        label=_("ID number, mobile or user name"),
        max_length=TYPED_AT_MOST,
        widget=KitTextInput({"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
        error_messages={"required": _("Enter your ID number, your mobile or your user name.")},
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=TYPED_AT_MOST,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": _("Enter your password.")},
    )


def area_choices() -> list[tuple[str, str]]:
    """Return code and name of each city and county, in the reader's language."""
    areas = current_pack().on(clock.today()).province.areas
    return [(area.code, area.in_language(get_language() or "")) for area in areas]


def area_choices_blank() -> list[tuple[str, Any]]:
    return [("", _("Choose one")), *area_choices()]


class ProfileForm(Form):
    name = _name_field()
    mobile = _mobile_field()
    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("Optional. Reminders of deadlines go there too."),
        max_length=TYPED_AT_MOST,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
        error_messages={"invalid": _("Enter an e-mail address such as name@example.com, or leave it empty.")},
    )
    area_code = forms.ChoiceField(
        label=_("City or county"),
        help_text=_("Where you work."),
        choices=area_choices_blank,
        error_messages={"required": _("Choose the city or county where you work.")},
    )
    without_employer = forms.BooleanField(label=_("I have no employer at present"), required=False)
    employer_name = LineField(
        label=_("Employer"),
        help_text=_("The full name, as on its business licence."),
        max_length=NAME_LENGTH * 2,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        error_messages={"required": _("Enter your employer’s name, or say that you have none at present.")},
    )
    employer_code = IdentityField(
        normalise_credit_code,
        label=_("Employer’s unified social credit code"),
        help_text=_("18 characters."),
        required=False,
        widget=IdNumberInput,
    )

    @classmethod
    def of(cls, person: Person) -> "ProfileForm":
        fields = (
            "name",
            "mobile",
            "email",
            "area_code",
            "without_employer",
            "employer_name",
            "employer_code",
        )
        return cls(initial={field: getattr(person, field) for field in fields})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound and self["without_employer"].data:
            self.fields["employer_name"].required = False

    @property
    def employment(self) -> Employment:
        """Where the person works, as typed; what was typed beside “no employer” does not count."""
        if self.cleaned_data["without_employer"]:
            return Employment()
        return Employment(name=self.cleaned_data["employer_name"], code=self.cleaned_data["employer_code"])


class PhotoField(forms.FileField):
    """An uploaded portrait; the cleaned value is a `Portrait`, or None without an upload."""

    def clean(self, data: Any, initial: Any = None) -> Portrait | None:
        if not data:
            return None
        upload = super().clean(data, initial)
        policy = current_pack().on(clock.today())
        try:
            return portrait(upload.read(policy.photo.max_bytes + 1), policy)
        except PhotoRefusedError as error:
            raise ValidationError(photo_text(error.code, policy.photo), code=error.code) from error


class PhotoForm(Form):
    """A file chosen, or one that the phone's camera takes: some phones offer only either for one input."""

    photo = PhotoField(
        label=_("Choose a photo"),
        widget=FileInput(accept=PHOTO_TYPES, preview=PREVIEW),
        error_messages={"empty": _("The file is empty. Choose another photo.")},
    )
    camera = PhotoField(
        label=_("Or take one now with your phone"),
        widget=FileInput(accept=PHOTO_TYPES, preview=PREVIEW, capture="user"),
        error_messages={"empty": _("The file is empty. Take another photo.")},
    )

    def clean(self) -> dict[str, Any]:
        if not self.errors and self.portrait is None:
            self.add_error("photo", _("Choose a photo first."))
        return self.cleaned_data

    @property
    def portrait(self) -> Portrait | None:
        found: Portrait | None = self.cleaned_data.get("camera") or self.cleaned_data.get("photo")
        return found
