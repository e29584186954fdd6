"""Celery's way to what the kernel does by itself."""

from celery import shared_task

from portal.events.services import Actor


@shared_task(name="portal.purge")
def purge_what_is_over() -> None:
    """Delete what is no longer needed; mostly finds nothing."""
    from portal.retention import purge

    purge(by=Actor.job("portal.purge"))


@shared_task(name="portal.note_policy")
def note_policy() -> None:
    """Record a change of the policy in use; nearly always finds none."""
    from portal.policy import current_pack
    from portal.policy_in_use import policy_note

    policy_note(pack=current_pack(), by=Actor.job("portal.note_policy"))
