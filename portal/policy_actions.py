"""What `manage.py policy` can do beyond packs themselves: rooms that know more register their actions at the start."""

from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.management.base import BaseCommand


@dataclass(frozen=True)
class PolicyAction:
    """An action by its name on the command line; `run` may raise `PolicyError`."""

    name: str
    help: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[BaseCommand, dict[str, Any]], None]


_actions: dict[str, PolicyAction] = {}


def register_policy_action(action: PolicyAction) -> None:
    _actions[action.name] = action


def policy_actions() -> list[PolicyAction]:
    return list(_actions.values())
