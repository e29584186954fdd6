"""Each room names its events once, with a text for people, in a `TextChoices` under `register_verbs`."""

from django.db.models import TextChoices
from django.utils.functional import Promise

_texts: dict[str, "str | Promise"] = {}


def register_verbs(verbs: type[TextChoices]) -> type[TextChoices]:
    """Class decorator: make the labels of ``verbs`` the texts of the events; a code taken twice is an error."""
    for verb in verbs:
        if verb.value in _texts:
            raise ValueError(f"The event verb {verb.value} is registered twice.")
        _texts[verb.value] = verb.label
    return verbs


def verb_text(code: str) -> "str | Promise":
    """Return what happened, in the reader's language; the code itself for a verb that no code names any more."""
    return _texts.get(code, code)


def all_verbs() -> dict[str, "str | Promise"]:
    return dict(_texts)
