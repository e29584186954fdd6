"""Who may what: every permission, the roles that have it, and how far it reaches. The only place that says so.

Pages and calls name the permission that they need (`portal.permissions`, `portal.api.authentication`), never a role; the
selectors behind them ask how far it reaches and know nothing beyond. `tests/contracts/permissions.txt` tries all of it.
"""

from collections.abc import Mapping
from enum import StrEnum

from portal.accounts.models import ApiToken, Role, User


class Reach(StrEnum):
    """Whose objects a permission is about."""

    OWN = "own"
    """Those of the account itself, of its person, or of its employer."""
    INSTITUTION = "institution"
    """Those of the institution that the account belongs to."""
    AREA = "area"
    """Those of the city or county whose officer the account is."""
    PROVINCE = "province"
    """All of them."""


class Permission(StrEnum):
    """Something that somebody may do. Looking and deciding are two things everywhere."""

    ACCOUNT_USE = "account.use"
    PROFILE_KEEP = "profile.keep"
    DATA_TAKE_ALONG = "data.take_along"
    CONSENT_GIVE = "consent.give"
    ACCOUNT_CLOSE = "account.close"
    CERTIFICATE_HOLD = "certificate.hold"
    CERTIFICATE_READ = "certificate.read"
    CERTIFICATE_DECIDE = "certificate.decide"
    BATCH_BRING = "batch.bring"
    BATCH_READ = "batch.read"
    BATCH_DECIDE = "batch.decide"
    NATIONAL_ENTER = "national.enter"
    IDENTITY_REVEAL = "identity.reveal"
    DESIGNATION_CLOSE = "designation.close"
    WORKERS_FOLLOW = "workers.follow"
    AREA_FOLLOW = "area.follow"
    PROVINCE_FOLLOW = "province.follow"
    ANNOUNCEMENTS_KEEP = "announcements.keep"
    INSTITUTIONS_KEEP = "institutions.keep"
    STAFF_KEEP = "staff.keep"
    ENTRY_GIVE = "entry.give"
    TOKENS_KEEP = "tokens.keep"
    OPERATIONS_READ = "operations.read"
    HISTORY_READ = "history.read"


EVERYBODY = {Permission.ACCOUNT_USE: Reach.OWN}
LOOKING = {
    Permission.CERTIFICATE_READ: Reach.PROVINCE,
    Permission.BATCH_READ: Reach.PROVINCE,
    Permission.NATIONAL_ENTER: Reach.PROVINCE,
    Permission.IDENTITY_REVEAL: Reach.PROVINCE,
    Permission.DESIGNATION_CLOSE: Reach.PROVINCE,
    Permission.TOKENS_KEEP: Reach.OWN,
}
"""What reviewers share with whoever leads them."""

ROLE_PERMISSIONS: Mapping[Role, Mapping[Permission, Reach]] = {
    Role.WORKER: EVERYBODY
    | {
        Permission.PROFILE_KEEP: Reach.OWN,
        Permission.DATA_TAKE_ALONG: Reach.OWN,
        Permission.CONSENT_GIVE: Reach.OWN,
        Permission.ACCOUNT_CLOSE: Reach.OWN,
        Permission.CERTIFICATE_HOLD: Reach.OWN,
    },
    Role.CLERK: EVERYBODY
    | {
        Permission.BATCH_BRING: Reach.INSTITUTION,
        Permission.BATCH_READ: Reach.INSTITUTION,
        Permission.TOKENS_KEEP: Reach.INSTITUTION,
    },
    Role.REVIEWER: EVERYBODY
    | LOOKING
    | {
        Permission.CERTIFICATE_DECIDE: Reach.PROVINCE,
        Permission.BATCH_DECIDE: Reach.PROVINCE,
        Permission.ENTRY_GIVE: Reach.PROVINCE,
    },
    # Opens accounts and qualifies institutions, and therefore decides nothing about batches or certificates.
    Role.CHIEF: EVERYBODY
    | LOOKING
    | {
        Permission.PROVINCE_FOLLOW: Reach.PROVINCE,
        Permission.ANNOUNCEMENTS_KEEP: Reach.PROVINCE,
        Permission.INSTITUTIONS_KEEP: Reach.PROVINCE,
        Permission.STAFF_KEEP: Reach.PROVINCE,
        Permission.ENTRY_GIVE: Reach.PROVINCE,
    },
    Role.COUNTY: EVERYBODY | {Permission.AREA_FOLLOW: Reach.AREA},
    Role.EMPLOYER: EVERYBODY | {Permission.WORKERS_FOLLOW: Reach.OWN, Permission.ACCOUNT_CLOSE: Reach.OWN},
    Role.OPERATOR: EVERYBODY
    | {Permission.OPERATIONS_READ: Reach.PROVINCE, Permission.ENTRY_GIVE: Reach.PROVINCE},
    # Nothing else, not even by a token.
    Role.AUDITOR: EVERYBODY | {Permission.HISTORY_READ: Reach.PROVINCE},
}

SCOPE_PERMISSIONS: Mapping[str, Permission] = {
    ApiToken.Scope.BATCHES_WRITE: Permission.BATCH_BRING,
    ApiToken.Scope.BATCHES_READ: Permission.BATCH_READ,
    ApiToken.Scope.BATCHES_REVIEW: Permission.BATCH_DECIDE,
    ApiToken.Scope.NATIONAL_READ: Permission.NATIONAL_ENTER,
    ApiToken.Scope.NATIONAL_MARK: Permission.NATIONAL_ENTER,
}
"""What a token with a scope may do, as long as its account may."""


def reach_of(user: User, permission: Permission) -> Reach | None:
    """Return how far ``permission`` reaches for this account; None when it has ended or its role lacks it."""
    return ROLE_PERMISSIONS[Role(user.role)].get(permission) if user.is_active else None


def may(user: User | None, permission: Permission) -> bool:
    """Tell whether the account behind an act has ``permission``; a job or a command has none."""
    return user is not None and reach_of(user, permission) is not None


def roles_with(permission: Permission) -> list[Role]:
    """Return the roles that have ``permission``, for a query that must ask the database at this moment."""
    return [role for role, granted in ROLE_PERMISSIONS.items() if permission in granted]


def scopes_of(role: str) -> frozenset[str]:
    """Return the scopes that a token of this role may have."""
    granted = ROLE_PERMISSIONS[Role(role)]
    return frozenset(scope for scope, permission in SCOPE_PERMISSIONS.items() if permission in granted)
