"""How certificates are put before their holder: what each is, what it is worth today, what to do next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from certificates.messages import explain
from certificates.models import ElectronicCertificate, Kind, LegacyCertificate, ServiceKind
from certificates.numbers import grouped
from certificates.rules import decide_legacy_service
from certificates.selectors import HeldElectronic, HeldPaper, certificate_facts, policy_on
from certificates.verification import Verification, paper_state
from education.rules import PeriodStanding, Standing
from portal.masking import mask_name, mask_number
from portal.policy import Check, Decision, Outcome, Policy, Result, day_of, json_number
from portal.templatetags.portal import post_name

Action = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Card:
    """A certificate as a card; the names are those of ``components/certificate_card.html``."""

    variant: str
    kind: str
    post: str
    number: str
    state: str
    state_text: str
    holder: str
    note: str
    href: str
    issuer: str = ""
    issued_on: date | None = None
    valid_until: date | None = None
    photo: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Some checks of a decision under one heading. ``decision`` is what ``{% checklist %}`` takes."""

    code: str
    title: str
    decision: dict[str, Any]
    actions: Mapping[str, Action]
    collapsed: bool


@dataclass(frozen=True, kw_only=True)
class PaperView:
    """A paper certificate on its holder's pages."""

    held: HeldPaper
    card: Card
    groups: tuple[Group, ...]
    closes: date
    services: tuple[ServiceKind, ...]
    no_renaming: str
    """Why no change of information can be asked for, or nothing where one can."""

    @property
    def can_exchange(self) -> bool:
        return self.held.decision.eligible and not self.held.name_differs

    @property
    def in_question(self) -> bool:
        """Whether the twelve checks say anything worth reading: the paper is of the kind that is exchanged, and in use."""
        paper = self.held.certificate
        return paper.kind == Kind.POST_TRAINING and paper.status == "active" and not self.held.name_differs

    @property
    def can_be_renamed(self) -> bool:
        return self.held.name_differs and not self.no_renaming


@dataclass(frozen=True, kw_only=True)
class ElectronicView:
    """An electronic certificate on its holder's pages."""

    held: HeldElectronic
    card: Card
    standing: str
    duty: str
    periods: tuple[dict[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """The one thing to do now. ``state`` colours it: eligible, not_yet or done."""

    state: str
    title: str
    text: str
    url: str = ""
    button: str = ""
    by: date | None = None
    days_left: int | None = None


# Paper certificates


def paper_view(held: HeldPaper, *, at: datetime) -> PaperView:
    policy = policy_on(at)
    return PaperView(
        held=held,
        card=_paper_card(held, policy, at),
        groups=check_groups(held.decision, cures(held.certificate, held.decision, policy)),
        closes=policy.exchange.window_end,
        services=services_open(held.certificate, policy, at),
        no_renaming=_no_renaming(held.certificate, policy, at),
    )


def _no_renaming(certificate: LegacyCertificate, policy: Policy, at: datetime) -> str:
    decision = decide_legacy_service(
        certificate_facts(certificate), policy, service=ServiceKind.CHANGE.value, on=at
    )
    return explain(decision.unmet[0]) if decision.unmet else ""


def papers_in_order(views: Iterable[PaperView]) -> list[PaperView]:
    """Put first what can be done something about: exchange now, conditions missing, another name; void papers last."""

    def place(view: PaperView) -> tuple[bool, bool, bool, bool]:
        paper = view.held.certificate
        possible = view.in_question and view.held.decision.outcome is not Outcome.INELIGIBLE
        return (paper.status != "active", not view.can_exchange, not possible, not view.can_be_renamed)

    return sorted(views, key=place)


def services_open(certificate: LegacyCertificate, policy: Policy, at: datetime) -> tuple[ServiceKind, ...]:
    """Return the services that may be asked for on the day of ``at`` (3.2); the service itself decides again."""
    facts = certificate_facts(certificate)
    return tuple(
        service
        for service in ServiceKind
        if decide_legacy_service(facts, policy, service=service.value, on=at).eligible
    )


def post_label(certificate: LegacyCertificate | ElectronicCertificate) -> str:
    """Return the post in words; a safety officer's certificate names no post but itself."""
    if isinstance(certificate, LegacyCertificate) and certificate.kind == Kind.SAFETY_OFFICER:
        return _("Safety officer")
    name = post_name(certificate.post_code)
    return _("Post %(code)s") % {"code": certificate.post_code} if name == certificate.post_code else name


def _paper_card(held: HeldPaper, policy: Policy, at: datetime) -> Card:
    paper = held.certificate
    state, _reason = paper_state(paper, at)
    return Card(
        variant="paper",
        kind=str(Kind(paper.kind).label),
        post=post_label(paper),
        number=mask_number(paper.number) if held.name_differs else paper.number,
        state=state,
        state_text=state_word(state),
        holder=mask_name(paper.holder_name) if held.name_differs else paper.holder_name,
        note=paper_worth(held, policy, at),
        href=reverse("legacy-certificate", args=[paper.pk]),
        issuer=paper.issuer_name,
        issued_on=paper.issued_on,
        valid_until=paper.expires_on,
    )


def state_word(state: str) -> str:
    """Return the state of a certificate, paper or electronic, as `certificates.verification` names it."""
    return {
        "valid": pgettext("certificate", "Valid"),
        "expired": pgettext("certificate", "Expired"),
        "suspended": pgettext("certificate", "Suspended"),
        "void": pgettext("certificate", "Void"),
        "unknown": pgettext("certificate", "Not found"),
    }[state]


def paper_worth(held: HeldPaper, policy: Policy, at: datetime) -> str:
    """Return what a paper certificate is worth on the day of ``at``, in a sentence or two."""
    paper, today = held.certificate, day_of(at)
    if paper.status != "active":
        return _ended_worth(paper)
    if paper.kind == Kind.SAFETY_OFFICER:
        return _("Stays in use; no exchange is needed (3.1a).")
    validity = _validity(paper, today)
    if paper.kind == Kind.ENTERPRISE_POST:
        return validity + _("This older kind of certificate is never exchanged (1.1).")
    if held.name_differs:
        return _("The registry has this certificate under another name than your account.")
    return validity + _exchange_prospect(held, policy, today)


def _ended_worth(paper: LegacyCertificate) -> str:
    on = date_format(day_of(paper.status_changed_at)) if paper.status_changed_at else ""
    if paper.status == "exchanged":
        return _("Void since %(on)s. Your electronic certificate has taken its place (1.3).") % {"on": on}
    return _("Void since %(on)s (3.2).") % {"on": on}


def _validity(paper: LegacyCertificate, today: date) -> str:
    if paper.expires_on is None:
        return _("Usable within its own validity. ")
    if paper.expires_on < today:
        return _("Its validity ended on %(on)s. ") % {"on": date_format(paper.expires_on)}
    return _("Usable until %(on)s. ") % {"on": date_format(paper.expires_on)}


def _exchange_prospect(held: HeldPaper, policy: Policy, today: date) -> str:
    paper, closes = held.certificate, policy.exchange.window_end
    has_expired = paper.expires_on is not None and paper.expires_on < today
    if today > closes:
        closed = (
            _("The exchange closed on %(closes)s (1.2).")
            if has_expired
            else _("The exchange closed on %(closes)s; the paper keeps its own validity (3.1b).")
        )
        return closed % {"closes": date_format(closes)}
    match held.decision.outcome:
        case Outcome.ELIGIBLE:
            return _("Ready to be exchanged, until the end of %(closes)s (1.2).") % {
                "closes": date_format(closes)
            }
        case Outcome.NOT_YET:
            return _(
                "It can be exchanged until the end of %(closes)s; see below what is still missing (1.2)."
            ) % {"closes": date_format(closes)}
    return (
        _("It cannot be exchanged.")
        if has_expired
        else _("It cannot be exchanged; the paper keeps its own validity (3.1b).")
    )


# Checks, and what cures them


def cures(certificate: LegacyCertificate, decision: Decision, policy: Policy) -> dict[str, Action]:
    """Return, by check code, where or with whom the holder cures each check that is still to do."""
    if decision.outcome is Outcome.INELIGIBLE:
        return {}
    closes = policy.exchange.window_end
    course: Action = {
        "url": reverse("institutions"),
        "text": _("Choose a training institution"),
        "by": closes,
    }
    actions: dict[str, Action] = {
        "profile_complete": {"url": reverse("profile"), "text": _("Complete my profile"), "by": closes},
        "photo": {"url": reverse("photo"), "text": _("Upload my photo"), "by": closes},
        "ce_hours": course,
        "ce_professional_hours": course,
        "ce_assessment": course,
        "registry_record": _archive_cure(certificate, decision.check("registry_record"), policy),
    }
    return {check.code: actions[check.code] for check in decision.checks if check.result is Result.TODO}


def _archive_cure(certificate: LegacyCertificate, check: Check, policy: Policy) -> Action:
    url, by = reverse("archive-check-request", args=[certificate.pk]), policy.exchange.archive_check_deadline
    match check.facts["reason"]:
        case "not_requested":
            return {"url": url, "text": _("Ask for an archive check"), "by": by}
        case "papers_not_seen":
            return {"url": url, "text": _("What to bring, and where"), "by": by}
    return {
        "url": url,
        "text": _("See the archive check"),
        "who": _("The archive desk decides; you need not do anything."),
    }


def check_groups(decision: Decision, actions: Mapping[str, Action]) -> tuple[Group, ...]:
    """Return the checks as a task list: what cannot be cured, what is yours to do, what is done."""
    titles = {
        Result.FAIL: _("Cannot be cured"),
        Result.TODO: _("Yours to do")
        if decision.outcome is Outcome.NOT_YET
        else _("Would also have been needed"),
        Result.PASS: _("Done"),
    }
    main = Result.FAIL if decision.outcome is Outcome.INELIGIBLE else Result.TODO
    return tuple(
        Group(
            code=result.value,
            title=title,
            decision={"outcome": decision.outcome.value, "checks": checks},
            actions=actions,
            collapsed=result is not main,
        )
        for result, title in titles.items()
        if (checks := [check.as_dict(explain) for check in decision.checks if check.result is result])
    )


# Electronic certificates


def electronic_view(held: HeldElectronic, *, at: datetime) -> ElectronicView:
    policy = policy_on(at)
    return ElectronicView(
        held=held,
        card=_electronic_card(held, policy),
        standing=standing_word(held.standing.status.value),
        duty=duty_text(held.certificate, held.standing, policy),
        periods=tuple(_period(period, policy) for period in reversed(held.standing.periods)),
    )


def _electronic_card(held: HeldElectronic, policy: Policy) -> Card:
    certificate = held.certificate
    return Card(
        variant="electronic",
        kind=_("Electronic training certificate"),
        post=post_label(certificate),
        number=grouped(certificate.number),
        state=certificate.state,
        state_text=state_word(certificate.state),
        holder=certificate.holder_name,
        note=duty_text(certificate, held.standing, policy),
        href=reverse("electronic-certificate", args=[certificate.pk]),
        issued_on=day_of(certificate.issued_at),
        issuer=policy.province.department.in_language(get_language() or "zh-hans"),
        photo=reverse("electronic-certificate-photo", args=[certificate.pk]),
    )


def standing_word(status: str) -> str:
    """Return where a holder stands with continuing education (2.1), in a word."""
    return {
        "not_due": pgettext("standing", "Nothing due yet"),
        "on_track": pgettext("standing", "On track"),
        "at_risk": pgettext("standing", "Hours missing"),
        "lapsed": pgettext("standing", "Too few hours"),
    }[status]


def duty_text(certificate: ElectronicCertificate, standing: Standing, policy: Policy) -> str:
    """Return what the holder owes next (2.1)."""
    if certificate.state == "void":
        return _("Void. For a new certificate, take the vocational training for the post again (2.1).")
    need = standing.needed_next
    if need and (need.hours or need.professional_hours):
        return _("Take %(hours)s more hours, %(professional)s of them professional, by %(by)s (2.1).") % {
            "hours": json_number(max(need.hours, need.professional_hours)),
            "professional": json_number(need.professional_hours),
            "by": date_format(need.by),
        }
    if need:
        return _("The hours for this period are complete (2.1).")
    if standing.lapsed_on:
        return _("Too few hours over two years: the department may declare it void (2.1).")
    return _(
        "From the year after the issue: at least %(hours)s hours a year, %(professional)s of them professional (2.1)."
    ) % {
        "hours": json_number(policy.education.annual_hours),
        "professional": json_number(policy.education.annual_professional_hours),
    }


def _period(period: PeriodStanding, policy: Policy) -> dict[str, Any]:
    rules = policy.education
    return period.as_dict() | {
        "start": period.start,
        "end": period.end,
        "required": json_number(rules.annual_hours),
        "required_professional": json_number(rules.annual_professional_hours),
        "state_text": {
            "met": pgettext("period", "Complete"),
            "open": pgettext("period", "Under way"),
            "short": pgettext("period", "Too few"),
        }[period.state.value],
    }


# What to do now


def next_step(
    papers: Iterable[PaperView], electronics: Iterable[ElectronicView], *, at: datetime
) -> NextStep | None:
    """Return the one thing that matters most today: exchange, what an exchange still lacks, hours owed. None for nothing."""
    papers = list(papers)
    steps = (
        *(_exchange_step(view, at) for view in papers if view.can_exchange),
        *(_missing_step(view, at) for view in papers if view.in_question),
        *(_rename_step(view, at) for view in papers if view.can_be_renamed),
        *(_education_step(view, at) for view in electronics),
    )
    return next((step for step in steps if step), None)


def _exchange_step(view: PaperView, at: datetime) -> NextStep:
    return NextStep(
        state="eligible",
        title=_("You can exchange your certificate now"),
        text=_("%(post)s: all conditions are met. It takes a minute.") % {"post": view.card.post},
        url=reverse("exchange", args=[view.held.certificate.pk]),
        button=pgettext("the exchange", "Update"),
        by=view.closes,
        days_left=(view.closes - day_of(at)).days,
    )


def _missing_step(view: PaperView, at: datetime) -> NextStep | None:
    decision = view.held.decision
    if decision.outcome is not Outcome.NOT_YET:
        return None
    todo = decision.unmet
    actions = next(group.actions for group in view.groups if group.code == Result.TODO.value)
    action = min(
        (actions[check.code] for check in todo if "by" in actions[check.code]),
        key=lambda a: a["by"],
        default=None,
    )
    if action is None:
        return NextStep(
            state="not_yet",
            title=_("Nothing to do now: your papers are being checked"),
            text=_("You get a notice as soon as the archive desk has decided."),
        )
    left = len(todo)
    return NextStep(
        state="not_yet",
        title=str(action["text"]),
        text=ngettext(
            "%(post)s: %(left)s condition is missing before it can be exchanged.",
            "%(post)s: %(left)s conditions are missing before it can be exchanged.",
            left,
        )
        % {"post": view.card.post, "left": left},
        url=action["url"],
        button=str(action["text"]),
        by=action["by"],
        days_left=(action["by"] - day_of(at)).days,
    )


def _rename_step(view: PaperView, at: datetime) -> NextStep:
    return NextStep(
        state="not_yet",
        title=_("A certificate is registered under another name"),
        text=_("If it is yours, ask for a change of information first; then it can be exchanged."),
        url=reverse("legacy-service-request", args=[view.held.certificate.pk, ServiceKind.CHANGE.value]),
        button=_("Ask for a change of information"),
        by=view.closes,
        days_left=(view.closes - day_of(at)).days,
    )


def _education_step(view: ElectronicView, at: datetime) -> NextStep | None:
    need = view.held.standing.needed_next
    if view.held.certificate.state == "void":
        return None
    if view.held.standing.lapsed_on:
        return _lapsed_step(view)
    if need is None or not (need.hours or need.professional_hours):
        return None
    return NextStep(
        state="not_yet",
        title=_("Take this year's continuing education"),
        text=_step_text(view),
        url=reverse("institutions"),
        button=_("Choose a training institution"),
        by=need.by,
        days_left=(need.by - day_of(at)).days,
    )


def _lapsed_step(view: ElectronicView) -> NextStep:
    return NextStep(
        state="not_yet",
        title=_("Your certificate may become void"),
        text=_step_text(view),
        url=reverse("my-education"),
        button=_("See my hours"),
    )


def _step_text(view: ElectronicView) -> str:
    return _("%(post)s: %(duty)s") % {"post": view.card.post, "duty": view.duty}


# Verification


def verification_words(answer: Verification) -> dict[str, Any]:
    """Return what an answer means: a title and what follows from it."""
    title, text = _meaning(answer)
    return {
        "title": title,
        "text": text,
        "state": state_word(answer.state),
        "kind": _("Electronic training certificate")
        if answer.kind == "electronic"
        else answer.kind and Kind(answer.kind).label,
        "education": answer.education and standing_word(answer.education),
    }


def _meaning(answer: Verification) -> tuple[str, str]:
    match answer.state:
        case "valid":
            return _("Good for use today"), _valid_meaning(answer)
        case "expired" if answer.expires_on:
            return _("It was valid until %(on)s") % {"on": date_format(answer.expires_on)}, _(
                "The paper certificate proves nothing after that day."
            )
        case "suspended":
            return _("Not to be used for the time being"), _(
                "Do not rely on it until the department has decided."
            )
        case "void":
            return _void_meaning(answer)
    return _("No certificate has this number"), _("Check it once more before you draw a conclusion:")


def _valid_meaning(answer: Verification) -> str:
    if answer.kind == "electronic":
        return _("Compare the name, and the photo on the certificate, with the person before you.")
    if answer.kind == Kind.SAFETY_OFFICER:
        return _(
            "A safety-officer certificate on paper stays in use with continuing education every year (3.1a)."
        )
    if answer.expires_on is None:
        return _(
            "A paper certificate that was not exchanged is usable within its own validity; see what is printed on it (3.1b)."
        )
    return _("A paper certificate that was not exchanged is usable until %(on)s (3.1b).") % {
        "on": date_format(answer.expires_on)
    }


def _void_meaning(answer: Verification) -> tuple[str, str]:
    if answer.reason == "exchanged" and answer.replaced_on:
        return _("Replaced by an electronic certificate on %(on)s") % {
            "on": date_format(answer.replaced_on)
        }, _("The paper is no longer good. Ask for the electronic certificate that took its place.")
    reasons = {
        "cancelled": _("The paper certificate was cancelled (3.2)."),
        "hours": _("Its holder did not take the continuing education of two years (2.1)."),
        "not_engaged": _("Its holder no longer works in the post (2.1)."),
        "revoked": _("The department has revoked it."),
    }
    return _("No longer good"), reasons[answer.reason or "revoked"]
