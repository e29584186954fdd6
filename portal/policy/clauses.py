"""The clauses by which every rule is cited, stated in the portal's own words (`clauses.toml`)."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from portal.policy.forms import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    id: str
    title: Text
    text: Text


@cache
def clauses() -> tuple[Clause, ...]:
    """Return all clauses in the order of the notice."""
    raw = tomllib.loads((Path(__file__).parent / "clauses.toml").read_text("utf-8"))
    return tuple(
        Clause(id=entry["id"], title=Text(**entry["title"]), text=Text(**entry["text"]))
        for entry in raw["clause"]
    )
