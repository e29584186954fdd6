"""The click on 更新 (1.3): the paper certificate becomes void at the moment at which the electronic one comes to be."""

from datetime import datetime

from django.db import transaction

from certificates.events import Verb
from certificates.log.models import LeafKind
from certificates.log.services import paper_record, records_write, version_record
from certificates.models import ElectronicCertificate, LegacyCertificate, LegacyStatus, NumberSequence
from certificates.replay import facts_as_json
from certificates.rules import ExchangeFacts, decide_exchange
from certificates.selectors import ce_records_of, exchange_facts, policy_on
from certificates.services.standing import standing_begin
from certificates.services.versions import version_issue
from certificates.tasks import render_document
from certificates.window import enter_gate
from portal import clock
from portal.accounts.models import Person
from portal.background import ask_worker
from portal.events.services import Actor, event_record
from portal.identity import same_name
from portal.notices.services import notice_send
from portal.policy import Decision, day_of
from portal.policy.numbering import number_pattern


class ExchangeRefusedError(Exception):
    """Nothing was changed; ``decision`` lists what stands in the way."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.outcome.value)
        self.decision = decision


class HolderNameDiffersError(Exception):
    """The registry has the certificate under another name; an approved change of information comes first (3.2)."""


def certificate_exchange(*, certificate: LegacyCertificate, by: Actor) -> ElectronicCertificate:
    """Exchange ``certificate``, once, and return the electronic one; a repeated click returns the same.

    Decides on the database's clock after every lock is held. Raises `ExchangeRefusedError` or `HolderNameDiffersError`;
    then nothing has changed, and the refusal is recorded.
    """
    with transaction.atomic():
        enter_gate()
        paper = LegacyCertificate.objects.select_for_update(of=("self",)).get(pk=certificate.pk)
        done = ElectronicCertificate.objects.filter(replaces=paper).first()
        if done:
            return done
        person = Person.objects.select_for_update().get(pk=paper.person_id)
        is_theirs = same_name(person.name, paper.holder_name)
        at = clock.now()
        facts = exchange_facts(paper, person, ce_records_of(person))
        decision = decide_exchange(facts, policy_on(at), on=at)
        if is_theirs and decision.eligible:
            return _issue(paper, person, decision, facts, at=at, by=by)
        event_record(
            Verb.EXCHANGE_REFUSED,
            at=at,
            by=by,
            subject=paper,
            person_id=person.pk,
            decision=decision.as_dict(),
            facts=facts_as_json(facts),
            **({} if is_theirs else {"reason": "holder_name_differs"}),
        )
    if not is_theirs:
        raise HolderNameDiffersError
    raise ExchangeRefusedError(decision)


def _issue(
    paper: LegacyCertificate,
    person: Person,
    decision: Decision,
    facts: ExchangeFacts,
    *,
    at: datetime,
    by: Actor,
) -> ElectronicCertificate:
    if person.photo is None:
        raise ValueError("An eligible holder has a photo.")
    electronic = ElectronicCertificate.objects.create(
        number=_next_number(paper.post_code, at=at),
        person=person,
        replaces=paper,
        holder_name=paper.holder_name,
        post_code=paper.post_code,
        photo=person.photo,
        issued_at=at,
    )
    version = version_issue(certificate=electronic, at=at)
    paper.status, paper.status_changed_at = LegacyStatus.EXCHANGED, at
    paper.save(update_fields=["status", "status_changed_at"])
    records_write(
        [
            version_record(LeafKind.ISSUED, version=version, at=at),
            paper_record(LeafKind.EXCHANGED, paper=paper, at=at),
        ]
    )
    standing_begin(certificate=electronic, at=at, by=by)
    event_record(
        Verb.EXCHANGED,
        at=at,
        by=by,
        subject=paper,
        person_id=person.pk,
        electronic_id=str(electronic.pk),
        number=electronic.number,
        decision=decision.as_dict(),
        facts=facts_as_json(facts),
    )
    notice_send(
        "certificates.exchanged",
        to=person,
        at=at,
        facts={"number": electronic.number, "paper": paper.number, "post_code": paper.post_code},
        link=f"/me/electronic/{electronic.pk}/",
    )
    ask_worker(render_document, str(electronic.pk))
    return electronic


def _next_number(post_code: str, *, at: datetime) -> str:
    """Take the next number of the year and post. The row stays locked until the commit, so no number is ever lost."""
    year = day_of(at).year
    NumberSequence.objects.bulk_create(
        [NumberSequence(year=year, post_code=post_code)], ignore_conflicts=True
    )
    sequence = NumberSequence.objects.select_for_update().get(year=year, post_code=post_code)
    sequence.last += 1
    sequence.save(update_fields=["last"])
    rules = policy_on(at).certificate_number
    pattern = number_pattern(rules.pattern)
    return pattern.number(issuer=rules.issuer_prefix, year=year, post=post_code, sequence=sequence.last)
