"""The real processes for journeys, on a database of their own."""

from contextlib import closing, contextmanager

import psycopg2
import redis
from whitenoise.compress import main as compress

from portal import clock
from portal.runtime.embedded import free_port
from portal.runtime.stack import Stack
from tests import environment, second_factor


class JourneyStack(Stack):
    def empty(self) -> None:
        """Start over: a migrated database without a row, no message, no counter."""
        environment.database_clone("stack")
        second_factor.forget()
        with redis.Redis.from_url(self.environment["REDIS_URL"]) as client:
            for key in client.scan_iter():
                if not key.startswith(b"_kombu.binding."):  # what a running worker has declared
                    client.delete(key)

    def python(self, code: str) -> str:
        """Run Python with the models at hand, on this stack's database; return what it printed."""
        return self.manage("shell", "--verbosity=0", "-c", code)

    def move_clock(self, moment, *, running=True) -> None:
        """Set the simulated clock of every process."""
        with self.sql() as cursor:
            cursor.execute(clock._SET, ["", moment, 1 if running else 0])

    @contextmanager
    def sql(self):
        with closing(psycopg2.connect(self.environment["DATABASE_URL"])) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor


@contextmanager
def journey_stack():
    stack = JourneyStack(
        environment.home() / "stack",
        free_port(),
        environment={
            "DEPLOYMENT": "test",
            "DATABASE_URL": environment.database_clone("stack"),
            "REDIS_URL": environment.redis_url(environment.STACK_REDIS_DATABASE),
        },
    )
    stack.environment["PUBLIC_URL"] = stack.address
    with stack:
        stack.empty()
        stack.manage("collectstatic", "--no-input", "--clear", "--verbosity=0")
        compress(["--quiet", str(stack.home / "static")])  # as in production, where collecting does it
        stack.start_portal()
        yield stack
