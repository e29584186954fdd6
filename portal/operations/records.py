"""Every table of the portal, to be looked at and never changed: Django's admin without a way to add, change or delete.

What identifies or describes a person is not masked here but absent: such columns are not even read from the database. The
admin's own pages are not used, so its addresses, its scripts and its log of changes are not installed.
"""

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.decorators import display
from django.contrib.admin.templatetags.admin_list import result_headers, results
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    BinaryField,
    BooleanField,
    CharField,
    Field,
    FileField,
    JSONField,
    Model,
    QuerySet,
    TextField,
)
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.accounts.roles import Permission
from portal.permissions import SignedInRequest, permission_required

NOT_OURS = frozenset({"auth", "contenttypes", "sessions"})
HIDDEN = (BinaryField, FileField, JSONField, ArrayField, TextField)
OPEN_TEXT: dict[str, frozenset[str]] = {
    "certificates.DailyRun": frozenset({"name"}),
    "certificates.SettlementRun": frozenset({"pack", "rules"}),
    "events.Event": frozenset({"verb", "subject_kind", "subject_id", "actor_role"}),
    "institutions.Institution": frozenset({"code", "name", "area_code"}),
    "institutions.Qualification": frozenset({"reference"}),
    "notices.Notice": frozenset({"code"}),
    "operations.Job": frozenset({"name"}),
    "operations.JobFailure": frozenset({"error", "place"}),
    "portal.Announcement": frozenset({"title_zh", "title_en"}),
}
"""Text that is about nobody. Of all other text only states and kinds, which come from a list, are shown."""


def is_shown(model: type[Model], field: "Field[Any, Any]") -> bool:
    """Tell whether a column may be shown: keys, days, figures, states, and text that is about nobody."""
    if field.name in OPEN_TEXT.get(model._meta.label, frozenset()):
        return True
    if isinstance(field, HIDDEN):
        return False
    is_text = isinstance(field, CharField) and not field.choices
    return not is_text or (field.primary_key and model._meta.label in OPEN_TEXT)


def shown_columns(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields if is_shown(model, field)]


def _columns(model: type[Model]) -> list[Any]:
    """Return the columns for the admin; yes and no in words, since its pictures are not installed."""
    booleans = {field.name for field in model._meta.concrete_fields if isinstance(field, BooleanField)}
    return [_in_words(name) if name in booleans else name for name in shown_columns(model)]


def _in_words(name: str) -> Callable[[Model], str]:
    def words(row: Model) -> str:
        return _("Yes") if getattr(row, name) else _("No")

    words.__name__ = name
    display(ordering=name, description=name)(words)
    return words


class _Rows(ChangeList):
    def url_for_result(self, result: Model) -> str:
        return reverse("operator-record", args=[self.opts.label_lower, result.pk])


class RecordAdmin(ModelAdmin):  # type: ignore[type-arg]
    """A table that may be read, in the columns of `shown_columns`."""

    actions = None
    list_per_page = 50
    show_full_result_count = False
    change_list_template = "operator/records.html"
    change_form_template = "operator/record.html"

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return _columns(self.model)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [field.name for field in self.model._meta.concrete_fields if field.choices]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return _columns(self.model)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return super().get_queryset(request).only(*shown_columns(self.model))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return _Rows

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # the pages ask for the role

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RecordSite(AdminSite):
    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add nothing: the pages have the portal's own frame."""
        return {}


site = RecordSite(name="records")


def _admins() -> dict[str, RecordAdmin]:
    """Return the admin of every table of the portal by the model's label; registered when first asked for."""
    if not site._registry:
        models = [model for model in apps.get_models() if model._meta.app_label not in NOT_OURS]
        site.register(models, RecordAdmin)
    return {model._meta.label_lower: admin for model, admin in site._registry.items()}  # type: ignore[misc]


def _admin(label: str) -> RecordAdmin:
    try:
        return _admins()[label]
    except KeyError as unknown:
        raise Http404 from unknown


@permission_required(Permission.OPERATIONS_READ)
@require_safe
def records_index(request: SignedInRequest) -> HttpResponse:
    return render(request, "operator/records_index.html", {"labels": sorted(_admins())})


@permission_required(Permission.OPERATIONS_READ)
@require_safe
def records(request: SignedInRequest, label: str) -> HttpResponse:
    """List a table, sorted and filtered as Django's admin does."""
    if any("\0" in value for value in request.GET.values()):
        raise Http404  # the database knows no such character
    response = _admin(label).changelist_view(request, {"label": label})
    if isinstance(response, TemplateResponse) and response.context_data:
        rows = response.context_data["cl"]
        response.context_data |= {
            "headers": list(result_headers(rows)),
            "rows": list(results(rows)),
            "filters": [(spec.title, list(spec.choices(rows))) for spec in rows.filter_specs],
            "hidden": _hidden(rows.model),
            "newer": _page(rows, -1),
            "further": _page(rows, +1),
        }
    return response


def _page(rows: ChangeList, step: int) -> str:
    """Return the query of the page before or after this one, sorted and filtered as this one; empty without such a page."""
    number = rows.page_num + step
    return rows.get_query_string({PAGE_VAR: number}) if number in rows.paginator.page_range else ""


@permission_required(Permission.OPERATIONS_READ)
@require_safe
def record(request: SignedInRequest, label: str, pk: str) -> HttpResponse:
    admin = _admin(label)
    if admin.get_object(request, pk) is None:
        raise Http404
    facts = {"label": label, "hidden": _hidden(admin.model), "title": f"{label} {pk}"}
    return admin.change_view(request, pk, extra_context=facts)


def _hidden(model: type[Model]) -> list[str]:
    """Name the columns that are not shown."""
    return [field.name for field in model._meta.concrete_fields if not is_shown(model, field)]
