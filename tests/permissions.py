"""The table of who may open what, `contracts/permissions.txt`, as lines."""

from dataclasses import dataclass
from pathlib import Path

from portal.accounts.models import Role

TABLE = Path(__file__).parent / "contracts" / "permissions.txt"


@dataclass(frozen=True)
class Line:
    route: str
    method: str
    may: str
    own: int
    foreign: int | None
    anonymous: str

    @classmethod
    def read(cls, text: str) -> "Line":
        route, method, may, own, foreign, anonymous = text.split()
        return cls(route, method, may, int(own), None if foreign == "-" else int(foreign), anonymous)

    @property
    def roles(self) -> set[str]:
        return set(Role.values) if self.may == "all" else set(self.may.partition(":")[0].split(","))

    @property
    def scope(self) -> str:
        return self.may.partition(":")[2]

    @property
    def is_api(self) -> bool:
        return self.route.startswith("api-")


LINES = [Line.read(text) for text in TABLE.read_text().splitlines() if text and not text.startswith("#")]
