"""Figures for a monitoring system, in Prometheus' text format; never anything about a person.

Everything is counted in the database or Redis when it is asked for, so it is the same from every web process.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db.models import Count
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from portal import clock
from portal.desk import work_queues
from portal.notices.models import Delivery
from portal.operations.models import Job

Sample = tuple[tuple[str, ...], float]


@dataclass(frozen=True)
class Figure:
    """A gauge of a room: its name, what it counts, the names of its labels, and the figure for each set of labels."""

    name: str
    text: str
    labels: tuple[str, ...]
    count: Callable[[], Iterable[Sample]]


_figures: dict[str, Figure] = {}


def register_figure(figure: Figure) -> None:
    _figures[figure.name] = figure


class _Portal(Collector):
    def collect(self) -> Iterable[Metric]:
        yield from _job_figures()
        yield from _desk_figures()
        yield from _delivery_figures()
        for figure in _figures.values():
            gauge = GaugeMetricFamily(figure.name, figure.text, labels=figure.labels)
            for labels, value in figure.count():
                gauge.add_metric(labels, value)
            yield gauge


def _job_figures() -> Iterable[Metric]:
    runs = CounterMetricFamily("portal_job_runs", "Runs of a background job.", labels=["job"])
    failures = CounterMetricFamily("portal_job_failures", "Failed runs of a background job.", labels=["job"])
    age = GaugeMetricFamily("portal_job_age_seconds", "Seconds since a job last began.", labels=["job"])
    seconds = GaugeMetricFamily("portal_job_seconds", "How long the last run of a job took.", labels=["job"])
    now = clock.now()
    for job in Job.objects.order_by("name"):
        runs.add_metric([job.name], job.runs)
        failures.add_metric([job.name], job.failures)
        age.add_metric([job.name], (now - job.started_at).total_seconds())
        seconds.add_metric([job.name], job.seconds or 0)
    return runs, failures, age, seconds


def _desk_figures() -> Iterable[Metric]:
    waiting = GaugeMetricFamily(
        "portal_queue_waiting", "Pieces of work that wait for reviewers.", labels=["queue"]
    )
    age = GaugeMetricFamily(
        "portal_queue_oldest_seconds", "How long the oldest of them waits.", labels=["queue"]
    )
    now = clock.now()
    for queue in work_queues():
        state = queue.state()
        waiting.add_metric([queue.code], state.waiting)
        age.add_metric([queue.code], (now - state.oldest).total_seconds() if state.oldest else 0)
    return waiting, age


def _delivery_figures() -> Iterable[Metric]:
    gauge = GaugeMetricFamily(
        "portal_notice_deliveries",
        "Notices that leave the portal, by channel and state.",
        labels=["channel", "state"],
    )
    for channel, state, count in (
        Delivery.objects.values_list("channel", "state").annotate(number=Count("pk")).order_by()
    ):
        gauge.add_metric([channel, state], count)
    return (gauge,)


def metrics_text() -> bytes:
    """Return all figures as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(_Portal())
    return generate_latest(registry)
