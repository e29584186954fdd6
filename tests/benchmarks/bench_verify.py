"""Public verification over HTTP against a bare view with one indexed read: ``python -m tests.benchmarks.bench_verify``.

Real PostgreSQL with 100,000 certificates and their standings, real Redis, granian as in production; rate limits and the
count of checks are on: every request comes from another address, as the proxy in front would say. `wrk` sends 16
connections' worth of requests; the servers take turns, both running on the same two cores as the load. Both keep their
connections; the bare view asks each time whether its own is alive, as Django does, the portal only when a read has failed.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

CERTIFICATES = 100_000
CONNECTIONS = 16
SECONDS = 6
ROUNDS = 5
PORTS = {"bare": 8210, "verify": 8211}
PATHS = {"bare": "/bare/", "verify": "/api/v1/verify/"}
ROOT = Path(__file__).resolve().parents[2]

FILL = """
SET session_replication_role = replica;
INSERT INTO accounts_person (id, name, id_number, id_number_hash, area_code, employer_name, created_at{more})
SELECT gen_random_uuid(), '陈海生', '\\x00', sha256(i::text::bytea), '460100', '', now(){values} FROM generate_series(1, {n}) i;
INSERT INTO certificates_electroniccertificate
    (id, number, version, person_id, holder_name, post_code, photo_id, issued_at, state, void_reason)
SELECT gen_random_uuid(), '46202010' || lpad(i::text, 8, '0'), 1, p.id, '陈海生', '101', gen_random_uuid(), '2020-11-20', 'valid', ''
FROM (SELECT id, row_number() OVER () AS i FROM accounts_person) p;
INSERT INTO certificates_certificatestanding (electronic_id, status, first_start, hours, professional_hours, timely_hours,
    engaged, changes_on, settled_on, pack)
SELECT id, 'not_due', '2021-01-01', '{{0}}', '{{0}}', '{{0}}', true, '2199-01-01', '2020-11-20', 'hainan-2020'
FROM certificates_electroniccertificate;
"""

LOAD = """
local count, address = {n}, 0
math.randomseed(os.time() + {seed})
request = function()
  address = address + 1
  local number = string.format("46202010%08d", math.random(1, count))
  wrk.headers["X-Forwarded-For"] = string.format("10.%d.%d.%d", {seed}, math.floor(address / 250) % 250, address % 250)
  return wrk.format("GET", "{path}" .. number .. "/")
end
done = function(summary, latency, requests)
  local errors = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  print(string.format("RESULT %f %f %f %d", summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, errors))
end
"""


def fill() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'accounts_person' "
            "AND is_nullable = 'NO' AND column_default IS NULL AND column_name NOT IN "
            "('id', 'name', 'id_number', 'id_number_hash', 'area_code', 'employer_name', 'created_at')"
        )
        others = cursor.fetchall()
        plain = {"boolean": "false", "integer": "0", "smallint": "0", "timestamp with time zone": "now()"}
        more = "".join(f", {name}" for name, _ in others)
        values = "".join(f", {plain.get(kind, repr(''))}" for _, kind in others)
        cursor.execute(FILL.format(n=CERTIFICATES, more=more, values=values))
        cursor.execute("VACUUM ANALYZE")


@contextmanager
def services():
    """PostgreSQL and Redis of the benchmark's own; the environment of a deployment whose clock is real."""
    from portal.runtime.embedded import Postgres, Redis, database_create

    home = Path(tempfile.mkdtemp(prefix="verify-bench-"))
    home.chmod(0o755)
    postgres, redis = Postgres(home), Redis(home, durable=False)
    postgres.start()
    redis.start()
    try:
        database_create(postgres.url("bench"))
        os.environ |= {
            "DEPLOYMENT": "development",
            "DATABASE_URL": postgres.url("bench"),
            "REDIS_URL": redis.url(),
            "PORTAL_VAR": str(home / "var"),
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "ALLOWED_HOSTS": "127.0.0.1",
            "TRUSTED_PROXIES": "1",
        }
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        fill()
        yield home
    finally:
        from django.db import connections

        connections.close_all()
        redis.stop()
        postgres.stop()
        shutil.rmtree(home)


@contextmanager
def server(name: str):
    """Granian with the options of the portal's own command line."""
    from portal.runtime.commands import command

    words = command("web", port=PORTS[name])
    if name == "bare":
        words[-1] = "tests.benchmarks.bare_view:application"
    process = subprocess.Popen(words, cwd=ROOT)
    try:
        for _ in range(150):
            try:
                urlopen(f"http://127.0.0.1:{PORTS[name]}{PATHS[name]}4620201000000001/", timeout=5)
                break
            except OSError:
                time.sleep(0.2)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def load(name: str, seed: int, home: Path, seconds: int = SECONDS) -> tuple[float, float, float]:
    """Return requests a second, and the median and 99th percentile of the latency in milliseconds."""
    script = home / "load.lua"
    script.write_text(LOAD.format(n=CERTIFICATES, seed=seed, path=PATHS[name]))
    address = f"http://127.0.0.1:{PORTS[name]}"
    words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), address]
    output = subprocess.run(words, capture_output=True, text=True, check=True, timeout=seconds + 60).stdout
    rate, median, late, errors = re.search(r"RESULT (\S+) (\S+) (\S+) (\d+)", output).groups()
    if int(errors):
        sys.exit(f"{name}: {errors} requests failed.")
    return float(rate), float(median), float(late)


def main() -> None:
    if not shutil.which("wrk"):
        sys.exit("The program wrk sends the requests of this benchmark; install it (apt install wrk).")
    measured: dict[str, list[tuple[float, float, float]]] = {name: [] for name in PORTS}
    with services() as home, server("bare"), server("verify"):
        for name in PORTS:
            load(name, 1, home, seconds=2)
        for turn in range(ROUNDS):
            for name in PORTS:
                measured[name].append(load(name, 2 + turn, home))
    middle = {
        name: [statistics.median(column) for column in zip(*rows, strict=True)]
        for name, rows in measured.items()
    }
    ratios = [ours[0] / bare[0] for bare, ours in zip(measured["bare"], measured["verify"], strict=True)]
    for name, (rate, median, late) in middle.items():
        print(f"{name:8} {rate:8.0f} requests/s   median {median:6.2f} ms   p99 {late:6.2f} ms")
    print(
        f"ratio    {statistics.median(ratios):8.2f} × (target ≥ 0.80)   p99 target ≤ 15 ms at {CONNECTIONS} connections"
    )


if __name__ == "__main__":
    main()
