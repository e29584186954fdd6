"""Pictures of figures as SVG, drawn on the server.

The charting packages that were looked at put `<style>`, `style=` or a script into their drawings, which the content
security policy refuses; what is wanted here is one line of figures over days. All looks are attributes or classes, the
picture has a title and a description, and whoever shows it puts its table beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

WIDTH, HEIGHT = 440, 250
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 26, 34


@dataclass(frozen=True, kw_only=True)
class DayChart:
    """A sum that grows by day towards ``goal``, from ``first`` to ``last``; the days run on until ``until``.

    ``points`` holds a day and the sum at its end, in order, where the sum changed.
    """

    name: str
    title: str
    description: str
    points: Sequence[tuple[date, int]]
    goal: int
    first: date
    last: date
    until: date

    @property
    def top(self) -> int:
        return max(self.goal, *(total for _day, total in self.points), 1)

    def x(self, day: date) -> float:
        share = (day - self.first).days / max(1, (self.last - self.first).days)
        return round(LEFT + min(1.0, max(0.0, share)) * (WIDTH - LEFT - RIGHT), 1)

    def y(self, total: int) -> float:
        return round(HEIGHT - BOTTOM - total / self.top * (HEIGHT - TOP - BOTTOM), 1)

    @property
    def path(self) -> str:
        """The steps of the sum as SVG path data: it stays until the next day on which it grows."""
        steps = [f"M{self.x(self.first)} {self.y(0)}"]
        for day, total in self.points:
            steps.append(f"H{self.x(day)}V{self.y(total)}")
        return "".join([*steps, f"H{self.x(min(self.until, self.last))}"])

    def draw(self) -> SafeString:
        return format_html(
            '<svg class="app-chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title {}-desc">'
            '<title id="{}-title">{}</title><desc id="{}-desc">{}</desc>{}{}{}{}</svg>',
            WIDTH, HEIGHT, self.name, self.name, self.name, self.title, self.name, self.description,
            self._axes(), self._goal(), self._line(), self._days(),
        )  # fmt: skip

    def _axes(self) -> SafeString:
        marks = [(self.y(total), total) for total in sorted({0, self.top // 2, self.top})]
        return format_html_join(
            "",
            '<line class="app-chart__grid" x1="{}" x2="{}" y1="{}" y2="{}"/>'
            '<text class="app-chart__text" x="{}" y="{}" text-anchor="end">{}</text>',
            ((LEFT, WIDTH - RIGHT, y, y, LEFT - 6, y + 5, total) for y, total in marks),
        )

    def _goal(self) -> SafeString:
        y = self.y(self.goal)
        return format_html(
            '<line class="app-chart__goal" x1="{}" x2="{}" y1="{}" y2="{}"/>'
            '<text class="app-chart__text" x="{}" y="{}">{}</text>',
            LEFT, WIDTH - RIGHT, y, y, LEFT + 6, y - 7, _("All: %(number)s") % {"number": self.goal},
        )  # fmt: skip

    def _line(self) -> SafeString:
        total = self.points[-1][1] if self.points else 0
        x, y = self.x(min(self.until, self.last)), self.y(total)
        anchor = "end" if x > WIDTH / 2 else "start"
        return format_html(
            '<path class="app-chart__line" d="{}"/><circle class="app-chart__dot" cx="{}" cy="{}" r="4"/>'
            '<text class="app-chart__text app-chart__text--strong" x="{}" y="{}" text-anchor="{}">{}</text>',
            self.path, x, y, x, y - 10 if y > TOP + 30 else y + 22, anchor, total,
        )  # fmt: skip

    def _days(self) -> SafeString:
        marks = [(LEFT, "start", self.first), (WIDTH - RIGHT, "end", self.last)]
        return format_html_join(
            "",
            '<text class="app-chart__text" x="{}" y="{}" text-anchor="{}">{}</text>',
            ((x, HEIGHT - 10, anchor, day.isoformat()) for x, anchor, day in marks),
        )


@dataclass(frozen=True, kw_only=True)
class ColumnChart:
    """Columns side by side, each of parts that stand on one another; ``columns`` holds a label and the parts of each."""

    name: str
    title: str
    description: str
    columns: Sequence[tuple[str, Sequence[int]]]

    @property
    def top(self) -> int:
        return max(1, *(sum(parts) for _label, parts in self.columns))

    @property
    def step(self) -> float:
        return (WIDTH - LEFT - RIGHT) / max(1, len(self.columns))

    def height(self, number: int) -> float:
        return round(number / self.top * (HEIGHT - TOP - BOTTOM), 1)

    def draw(self) -> SafeString:
        return format_html(
            '<svg class="app-chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title {}-desc">'
            '<title id="{}-title">{}</title><desc id="{}-desc">{}</desc>{}{}</svg>',
            WIDTH, HEIGHT, self.name, self.name, self.name, self.title, self.name, self.description,
            self._axis(), format_html_join("", "{}", ((self._column(i),) for i in range(len(self.columns)))),
        )  # fmt: skip

    def _axis(self) -> SafeString:
        marks = [(HEIGHT - BOTTOM - self.height(number), number) for number in sorted({0, self.top})]
        return format_html_join(
            "",
            '<line class="app-chart__grid" x1="{}" x2="{}" y1="{}" y2="{}"/>'
            '<text class="app-chart__text" x="{}" y="{}" text-anchor="end">{}</text>',
            ((LEFT, WIDTH - RIGHT, y, y, LEFT - 6, y + 5, number) for y, number in marks),
        )

    def _column(self, index: int) -> SafeString:
        label, parts = self.columns[index]
        x, width = round(LEFT + index * self.step + self.step * 0.2, 1), round(self.step * 0.6, 1)
        tops = [HEIGHT - BOTTOM - self.height(sum(parts[: upto + 1])) for upto in range(len(parts))]
        bars = format_html_join(
            "",
            '<rect class="app-chart__part app-chart__part--{}" x="{}" y="{}" width="{}" height="{}"/>',
            ((n, x, round(tops[n], 1), width, self.height(part)) for n, part in enumerate(parts) if part),
        )
        middle = round(x + width / 2, 1)
        # Every second label, counted from the last column, has room.
        named = label if (len(self.columns) - 1 - index) % 2 == 0 else ""
        return format_html(
            '{}<text class="app-chart__text" x="{}" y="{}" text-anchor="middle">{}</text>'
            '<text class="app-chart__text app-chart__text--small" x="{}" y="{}" text-anchor="middle">{}</text>',
            bars, middle, round(tops[-1] - 6, 1), sum(parts) or "", middle, HEIGHT - 10, named,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class MatrixChart:
    """A line of small columns for each of ``rows`` (a label and a number for each of ``columns``), all to one scale."""

    name: str
    title: str
    description: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[int | None]]]
    unit: str = ""
    top: int = 0

    LINE, BAR, HEAD, EDGE = 82, 34, 0, 26
    """Heights: a row, its longest bar, above the first row, and below the last for the names of the columns."""
    MOST_LETTERS = 32

    @property
    def height(self) -> int:
        return self.HEAD + len(self.rows) * self.LINE + self.EDGE

    @property
    def scale(self) -> int:
        return max(1, self.top, *(number or 0 for _label, numbers in self.rows for number in numbers))

    @property
    def step(self) -> float:
        return (WIDTH - 2 * RIGHT) / max(1, len(self.columns))

    def draw(self) -> SafeString:
        return format_html(
            '<svg class="app-chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title {}-desc">'
            '<title id="{}-title">{}</title><desc id="{}-desc">{}</desc>{}{}</svg>',
            WIDTH, self.height, self.name, self.name, self.name, self.title, self.name, self.description,
            format_html_join("", "{}", ((self._row(i),) for i in range(len(self.rows)))), self._names(),
        )  # fmt: skip

    def _row(self, index: int) -> SafeString:
        label, numbers = self.rows[index]
        base = self.HEAD + (index + 1) * self.LINE - 4
        short = label if len(label) <= self.MOST_LETTERS else f"{label[: self.MOST_LETTERS - 1]}…"
        return format_html(
            '<text class="app-chart__text app-chart__text--small" x="{}" y="{}">{}</text>'
            '<line class="app-chart__grid" x1="{}" x2="{}" y1="{}" y2="{}"/>{}',
            RIGHT, base - self.LINE + 30, short, RIGHT, WIDTH - RIGHT, base, base,
            format_html_join("", "{}", ((self._bar(n, number, base),) for n, number in enumerate(numbers) if number is not None)),
        )  # fmt: skip

    def _bar(self, index: int, number: int, base: int) -> SafeString:
        height = round(number / self.scale * (self.BAR - 14), 1)
        x, width = round(RIGHT + (index + 0.2) * self.step, 1), round(self.step * 0.6, 1)
        return format_html(
            '<rect class="app-chart__part app-chart__part--0" x="{}" y="{}" width="{}" height="{}"/>'
            '<text class="app-chart__text app-chart__text--small" x="{}" y="{}" text-anchor="middle">{}{}</text>',
            x, round(base - height, 1), width, height, round(x + width / 2, 1), round(base - height - 4, 1),
            number, self.unit,
        )  # fmt: skip

    def _names(self) -> SafeString:
        return format_html_join(
            "",
            '<text class="app-chart__text app-chart__text--small" x="{}" y="{}" text-anchor="middle">{}</text>',
            (
                (round(RIGHT + (n + 0.5) * self.step, 1), self.height - 8, name)
                for n, name in enumerate(self.columns)
            ),
        )
