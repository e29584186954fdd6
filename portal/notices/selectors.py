from django.db.models import Q, QuerySet

from portal.accounts.models import User
from portal.notices.models import Notice


def notices_of(user: User) -> QuerySet[Notice]:
    """Return the inbox of an account, newest first: its own notices, and those of the person who holds it."""
    mine = Q(user=user) | Q(person=user.person_id) if user.person_id else Q(user=user)
    return Notice.objects.filter(mine).order_by("-at", "-pk")


def unread_count(user: User) -> int:
    return notices_of(user).filter(read_at__isnull=True).count()
