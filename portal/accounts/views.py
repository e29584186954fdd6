"""Registering, signing in and out, and what people say of themselves."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal import clock
from portal.accounts import oidc
from portal.accounts.entering import account_session, enter
from portal.accounts.factors import Means, has_factor
from portal.accounts.forms import PasswordForm, PhotoForm, ProfileForm, RegistrationForm, SignInForm
from portal.accounts.messages import photo_text
from portal.accounts.models import Person, User
from portal.accounts.models_access import UserSession
from portal.accounts.photos import Portrait
from portal.accounts.roles import Permission
from portal.accounts.services import (
    IdentityTakenError,
    MobileTakenError,
    PhotoNotStoredError,
    SignInRefusedError,
    TooManyTriesError,
    credentials_check,
    password_change,
    photo_replace,
    profile_update,
    worker_register,
)
from portal.accounts.sessions import session_end
from portal.accounts.views_factors import sign_in_wait
from portal.events.services import Actor
from portal.files import file_page
from portal.forms import TOO_MANY, form_status
from portal.limits import Limit, origin
from portal.permissions import NEXT, SignedInRequest, permission_required, safe_next, signed_in_required
from portal.policy import current_pack

REGISTRATIONS_FROM_ADDRESS = Limit("register:tries", "200/hour")
PASSWORD_TRIES = Limit("password:tries", "8/15 minutes")
REFUSED_REGISTRATIONS = Limit("register:refused", "20/hour")


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def register_page(request: HttpRequest) -> HttpResponse:
    """Open a site professional's account and sign in with it."""
    if isinstance(request.user, User):
        return redirect("home")
    form = RegistrationForm(request.POST or None)
    if form.is_valid() and (user := _registered(request, form)):
        enter(request, user, means=Means.PASSWORD)
        messages.success(
            request, _("You are registered. Below is what the registry holds under your ID number.")
        )
        return redirect("worker-home")
    return render(request, "public/register.html", {"form": form}, status=form_status(form))


def _registered(request: HttpRequest, form: RegistrationForm) -> User | None:
    """Return the new account, or None and the reason in the form."""
    place = origin(request)
    if not (REFUSED_REGISTRATIONS.has_left(place) and REGISTRATIONS_FROM_ADDRESS.take(place)):
        text = _("Too many registrations came from your network. Wait an hour, or use another network.")
        form.add_error(None, ValidationError(text, code=TOO_MANY))
        return None
    try:
        return worker_register(**form.cleaned_data, by=Actor.of(request))
    except IdentityTakenError:
        REFUSED_REGISTRATIONS.take(place)
        text = _(
            "No account can be opened with these details. If you have registered before, sign in with your ID number or "
            "mobile. If you have not, check both numbers; if they are right, take your ID card to the archive desk."
        )
        form.add_error(None, text)
        return None


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def sign_in_page(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, User):
        return redirect(safe_next(request, "home"))
    form = SignInForm(request.POST or None)
    if form.is_valid() and (user := _signed_in(request, form)):
        return _second_step(request, user)
    context = {"form": form, "next": safe_next(request, "home"), "has_service": oidc.is_on()}
    return render(request, "public/sign_in.html", context, status=form_status(form))


def _second_step(request: HttpRequest, user: User) -> HttpResponse:
    """Go on to the second factor of an account that has one."""
    target = safe_next(request, "home")
    if has_factor(user):
        sign_in_wait(request, user)
        return redirect(f"{resolve_url('second-factor')}?{urlencode({NEXT: target})}")
    enter(request, user, means=Means.PASSWORD)
    return redirect(target)


def _signed_in(request: HttpRequest, form: SignInForm) -> User | None:
    """Return the account, or None and the reason in the form."""
    try:
        return credentials_check(**form.cleaned_data, origin=origin(request), by=Actor.of(request))
    except TooManyTriesError:
        text = _(
            "Too many tries from your network. Wait 15 minutes, then try again; from another network, such as mobile "
            "data, you can sign in at once. Nobody has locked your account."
        )
        form.add_error(None, ValidationError(text, code=TOO_MANY))
    except SignInRefusedError:
        form.add_error(
            None, _("Number and password do not fit together. Check both; capitals count in the password.")
        )
    return None


@require_POST
def sign_out_page(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, User):
        session_end(
            session=account_session(request), ending=UserSession.Ending.SIGNED_OUT, by=Actor.of(request)
        )
    logout(request)
    return redirect("start")


@sensitive_post_parameters()
@signed_in_required
@require_http_methods(["GET", "POST"])
def password_page(request: SignedInRequest) -> HttpResponse:
    """Change the own password; other sessions of the account end."""
    form = PasswordForm(request.POST or None, user=request.user)
    if form.is_valid() and _is_present_password(request, form):
        user = password_change(
            user=request.user,
            password=form.cleaned_data["password"],
            session=account_session(request),
            by=Actor.of(request),
        )
        update_session_auth_hash(request, user)
        messages.success(request, _("Your password is changed. Other devices have to sign in again."))
        return redirect("home")
    return render(request, "password.html", {"form": form}, status=form_status(form))


def _is_present_password(request: SignedInRequest, form: PasswordForm) -> bool:
    if not PASSWORD_TRIES.take(str(request.user.pk)):
        form.add_error(None, ValidationError(_("Too many tries. Wait 15 minutes."), code=TOO_MANY))
        return False
    if not request.user.check_password(form.cleaned_data["current"]):
        form.add_error("current", _("This is not your present password."))
        return False
    return True


def _own_person(request: SignedInRequest) -> Person:
    person = request.user.person
    if person is None:
        raise Http404
    return person


@permission_required(Permission.PROFILE_KEEP)
@require_http_methods(["GET", "POST"])
def profile_page(request: SignedInRequest) -> HttpResponse:
    person = _own_person(request)
    form = ProfileForm(request.POST) if request.method == "POST" else ProfileForm.of(person)
    if request.method == "POST" and form.is_valid() and _profile_saved(request, person, form):
        messages.success(request, _("Your profile is saved."))
        return redirect("photo" if person.photo_id is None else "worker-home")
    return render(request, "worker/profile.html", {"form": form, "person": person}, status=form_status(form))


def _profile_saved(request: SignedInRequest, person: Person, form: ProfileForm) -> bool:
    said = form.cleaned_data
    try:
        profile_update(
            person=person,
            name=said["name"],
            mobile=said["mobile"],
            email=said["email"],
            area_code=said["area_code"],
            employment=form.employment,
            by=Actor.of(request),
        )
    except MobileTakenError:
        form.add_error(
            "mobile", _("This mobile number cannot be used. Check it, or enter another one of yours.")
        )
        return False
    return True


@permission_required(Permission.PROFILE_KEEP)
@require_http_methods(["GET", "POST"])
def photo_page(request: SignedInRequest) -> HttpResponse:
    person = _own_person(request)
    form = PhotoForm(request.POST, request.FILES) if request.method == "POST" else PhotoForm()
    if form.is_valid() and form.portrait and _photo_saved(request, person, form, form.portrait):
        return redirect("photo")
    context = {"form": form, "person": person, "limits": current_pack().on(clock.today()).photo}
    return render(request, "worker/photo.html", context, status=form_status(form))


def _photo_saved(request: SignedInRequest, person: Person, form: PhotoForm, portrait: Portrait) -> bool:
    try:
        photo_replace(person=person, portrait=portrait, by=Actor.of(request))
    except PhotoNotStoredError:
        form.add_error(None, photo_text("not_stored", current_pack().on(clock.today()).photo))
        return False
    if portrait.cut:
        messages.warning(
            request, _("The photo was cut to a portrait. Look whether your whole head and shoulders show.")
        )
    messages.success(request, _("Your photo is saved."))
    return True


@permission_required(Permission.PROFILE_KEEP)
@require_GET
@file_page
def photo_image(request: SignedInRequest) -> HttpResponse:
    """The own photo, to its owner alone."""
    photo = _own_person(request).photo
    if photo is None:
        raise Http404
    try:
        with photo.file.open("rb") as file:
            content = file.read()
    except FileNotFoundError as error:
        raise Http404 from error
    return HttpResponse(content, content_type="image/jpeg", headers={"Cache-Control": "no-store, private"})
