"""Start one part in the place of this process, or tell whether it is well.

``python -m portal.runtime web|worker|beat [--host H] [--port P]``
``python -m portal.runtime healthy web|worker|beat [--port P]``
"""

import argparse
import os
import sys
from urllib.parse import urlsplit

from portal import env
from portal.runtime import commands


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m portal.runtime", description=__doc__)
    parser.add_argument("what", choices=(*commands.PARTS, "healthy"))
    parser.add_argument("part", nargs="?", choices=commands.PARTS, help="the part that is to be healthy")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    if options.what == "healthy":
        sys.exit(not _is_healthy(options.part or "web", options.port))
    line = commands.command(options.what, host=options.host, port=options.port)
    os.environ["PYTHONPATH"] = str(env.ROOT)
    os.execv(line[0], line)


def _is_healthy(part: str, port: int) -> bool:
    if part == "web":
        host = urlsplit(env.text("PUBLIC_URL", "http://localhost")).hostname or "localhost"
        return commands.is_web_ready(port, host=host)
    if part == "worker":
        return commands.is_worker_ready(env.text("REDIS_URL"))
    return commands.is_beat_ready(commands.beat_heartbeat(env.VAR))


if __name__ == "__main__":
    main()
