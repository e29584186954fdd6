"""Why a service of this room did nothing."""

from portal.policy import Decision


class RequestRefusedError(Exception):
    """The rule refuses; ``decision`` lists why, clause by clause."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.outcome.value)
        self.decision = decision


class StateConflictError(Exception):
    """Someone else, or the closing of the window, was first; ``state`` is what it is in now."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state
