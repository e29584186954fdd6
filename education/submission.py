"""Whether a batch may be submitted (2.2). Pure: facts and policy in, a decision out."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop as _

from portal.policy import Check, Decision, Policy, Result
from portal.policy.explain import explain as explain_with

CLAUSE = "2.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionFacts:
    """A batch at the moment of its submission. Rows are counted."""

    state: str
    replaced: bool
    rows: int
    bad_rows: int
    drop_bad_rows: bool
    reported_meanwhile: int
    """Rows that were credited or submitted in another batch since this one was checked."""
    institution_qualified: bool
    places_taken: int
    """Places of the month that are taken by other batches, returned ones included: a correction takes theirs."""
    has_place: bool
    """Whether the batch corrects a returned one and so has its place already."""


def submission_decision(facts: SubmissionFacts, policy: Policy) -> Decision:
    """Decide a submission: four checks, in this order."""
    checks = (_checked(facts), _errors(facts), _qualified(facts), _quota(facts, policy.batches.per_month))
    return Decision(checks, policy.pack, policy.date)


def _check(code: str, result: Result, **facts: Any) -> Check:
    return Check(code, result, CLAUSE, facts)


def _checked(facts: SubmissionFacts) -> Check:
    if facts.state in {"uploaded", "checking"}:
        return _check("batch_checked", Result.TODO, state=facts.state)
    if facts.state != "checked":
        return _check("batch_checked", Result.FAIL, state=facts.state, reason=facts.state)
    if facts.replaced:
        return _check("batch_checked", Result.FAIL, state=facts.state, reason="replaced")
    return _check("batch_checked", Result.PASS, state=facts.state)


def _errors(facts: SubmissionFacts) -> Check:
    figures = {"rows": facts.rows, "bad_rows": facts.bad_rows}
    if facts.reported_meanwhile:
        return _check(
            "no_errors",
            Result.TODO,
            **figures,
            reason="meanwhile",
            reported_meanwhile=facts.reported_meanwhile,
        )
    if facts.bad_rows and not facts.drop_bad_rows:
        return _check("no_errors", Result.TODO, **figures)
    if facts.bad_rows == facts.rows:
        return _check("no_errors", Result.TODO, **figures, reason="nothing_left")
    return _check("no_errors", Result.PASS, **figures, **({"reason": "dropped"} if facts.bad_rows else {}))


def _qualified(facts: SubmissionFacts) -> Check:
    return _check("institution_qualified", Result.PASS if facts.institution_qualified else Result.TODO)


def _quota(facts: SubmissionFacts, per_month: int) -> Check:
    if facts.has_place:
        return _check("quota", Result.PASS, reason="keeps_place", per_month=per_month)
    left = per_month - facts.places_taken
    return _check("quota", Result.PASS if left > 0 else Result.TODO, per_month=per_month, left=max(left, 0))


TEMPLATES = {
    "batch_checked.pass": _("The file has been checked whole ({clause})."),
    "batch_checked.todo": _(
        "The file is still being checked. Wait until that is done, then submit ({clause})."
    ),
    "batch_checked.fail": _("The batch can no longer be submitted: it is {state} ({clause})."),
    "batch_checked.fail.submitted": _("The batch has been submitted already ({clause})."),
    "batch_checked.fail.approved": _("The batch has been approved already ({clause})."),
    "batch_checked.fail.returned": _(
        "The batch was returned. Upload the corrected file on its page ({clause})."
    ),
    "batch_checked.fail.failed": _("The file could not be read. Upload one that can be ({clause})."),
    "batch_checked.fail.replaced": _(
        "A corrected file has taken the place of this one. Submit that ({clause})."
    ),
    "no_errors.pass": _("No row has an error ({clause})."),
    "no_errors.pass.dropped": _("{bad_rows} bad rows are left out; the others have no error ({clause})."),
    "no_errors.todo": _(
        "{bad_rows} of {rows} rows have errors. Correct them and upload the file again, or choose to submit the good "
        "rows alone ({clause})."
    ),
    "no_errors.todo.nothing_left": _(
        "Not one row is without an error. Correct the file and upload it again ({clause})."
    ),
    "no_errors.todo.meanwhile": _(
        "{reported_meanwhile} rows were credited or submitted in another batch since this file was checked. It "
        "has to be checked again before it can be submitted ({clause})."
    ),
    "institution_qualified.pass": _("The institution is qualified today ({clause})."),
    "institution_qualified.todo": _(
        "The institution is not qualified today. It has to be in the national directory, or file its commitment at the "
        "provincial service window ({clause})."
    ),
    "quota.pass": _("{left} of {per_month} batches are left this month ({clause})."),
    "quota.pass.keeps_place": _("The batch corrects a returned one and keeps its place ({clause})."),
    "quota.todo": _(
        "The {per_month} batches of this month are used up. Submit this one next month ({clause})."
    ),
}


def explain(check: Check) -> str:
    """Return the sentence for a check of a submission, in the active language."""
    return explain_with(TEMPLATES, check)
