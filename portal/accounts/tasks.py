"""Celery's way to what accounts do by themselves."""

from celery import shared_task


@shared_task(name="accounts.tell_of_tokens")
def tell_of_tokens() -> None:
    """Tell accounts of API tokens that end soon; mostly finds nobody who was not told."""
    from portal.accounts.tokens import tokens_ending_tell

    tokens_ending_tell()
