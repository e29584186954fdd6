"""The sample province's employer: one firm invites the people who work there, and most of them consent."""

from collections import defaultdict
from collections.abc import Mapping

from portal import clock
from portal.accounts.models import User
from portal.employers.models import Employer
from portal.employers.selectors import consent_text, invitations_to
from portal.employers.services import Company, Invitee, consent_give, employer_register, workers_invite
from portal.events.models import Event
from portal.events.services import Actor

USERNAME = "employer"
INVITED = 8


def employer_play(
    *, people: Mapping[int, Mapping[str, str]], users: Mapping[int, User], password: str
) -> Employer:
    """Register the firm for which most people with an account work; all it invites consent but the last one."""
    staff: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number in users:
        row = people[number]
        staff[row["employer_name"], row["employer_code"]].append(number)
    (name, code), numbers = max(staff.items(), key=lambda firm: (bool(firm[0][1]), len(firm[1]), firm[0]))
    company = Company(code=code, name=name, contact="人事部", phone="0898-00000000")
    employer = employer_register(
        company=company, username=USERNAME, password=password, by=Actor(Event.Means.WEB)
    )
    invited = sorted(numbers)[:INVITED]
    workers_invite(
        employer=employer,
        people=[Invitee(name=people[n]["name"], id_number=people[n]["id_number"]) for n in invited],
        by=Actor(Event.Means.WEB, employer.user),
    )
    for number in invited[:-1] or invited:
        _consent(users[number])
    return employer


def _consent(user: User) -> None:
    if user.person is None:
        raise LookupError("A sample worker's account has nobody behind it.")
    version = consent_text(clock.today()).version
    for invitation in invitations_to(user.person):
        consent_give(
            invitation=invitation, person=user.person, version=version, by=Actor(Event.Means.WEB, user)
        )
