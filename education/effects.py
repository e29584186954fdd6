"""What the end of an institution's qualification would mean for its batches and for hours (2.2)."""

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from education.models import BatchRow, BatchState, CERecord
from institutions.effects import Effect, Span, register_effects

BEFORE_SUBMISSION = (BatchState.UPLOADED, BatchState.CHECKING, BatchState.CHECKED)


def _effects(span: Span) -> list[Effect]:
    rows = BatchRow.objects.filter(
        _taught_within(span), batch__institution=span.institution, dropped=False
    ).aggregate(
        open_batches=Count("batch", distinct=True, filter=Q(batch__state__in=BEFORE_SUBMISSION)),
        open_rows=Count("pk", filter=Q(batch__state__in=BEFORE_SUBMISSION)),
        submitted_batches=Count("batch", distinct=True, filter=Q(batch__state=BatchState.SUBMITTED)),
        submitted_rows=Count("pk", filter=Q(batch__state=BatchState.SUBMITTED)),
    )
    credited = CERecord.objects.filter(
        _taught_within(span), institution=span.institution, in_force=True
    ).count()
    in_preparation = _("Their rows become errors at the next check; the institution cannot submit them.")
    in_review = _("They wait for a reviewer, who decides about them; nothing is returned by itself.")
    return [
        Effect(
            label=_("Batches being prepared, with courses in those days"),
            number=rows["open_batches"],
            meaning=in_preparation,
        ),
        Effect(label=_("Rows in them"), number=rows["open_rows"], meaning=in_preparation),
        Effect(
            label=_("Submitted batches with courses in those days"),
            number=rows["submitted_batches"],
            meaning=in_review,
        ),
        Effect(label=_("Rows in them"), number=rows["submitted_rows"], meaning=in_review),
        Effect(
            label=_("Courses already credited to people"),
            number=credited,
            meaning=_("They stay credited: what was approved is not taken back by this."),
        ),
    ]


def _taught_within(span: Span) -> Q:
    """A course counts only when the institution is qualified on every one of its days."""
    touched = Q(ended_on__gte=span.first)
    return touched & Q(started_on__lte=span.last) if span.last else touched


def register() -> None:
    register_effects(_effects)
