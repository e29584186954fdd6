"""Run the benchmarks of this folder and write what they print to docs/performance.md.

``python -m tests.benchmarks`` runs all; with names (``bench_log bench_verify``) only those, and keeps what is written of the
others.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
REPORT = HERE.parent.parent / "docs" / "performance.md"
HEAD = """# Performance

What `make bench` measured on {machine}. Only ratios to the bare limit of the same run
count: seconds move with the machine and with what else it does. Benchmarks are in `tests/benchmarks/`.
"""


def machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def report(name: str) -> str:
    """Run one benchmark in a process of its own and return its section of the report."""
    print(f"{name} …", file=sys.stderr)
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{name}"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{name} failed.\n{done.stderr}")
    return f"\n## {name}\n\n```\n{done.stdout.strip()}\n```\n"


def written() -> dict[str, str]:
    """Return the sections that the report has, by benchmark."""
    if not REPORT.exists():
        return {}
    _, *sections = REPORT.read_text("utf-8").split("\n## ")
    return {section.split("\n", 1)[0]: f"\n## {section}" for section in sections}


def main(names: list[str]) -> None:
    every = sorted(path.stem for path in HERE.glob("bench_*.py"))
    sections = written()
    for name in names or every:
        sections[name] = report(name)
        known = "".join(sections[each] for each in every if each in sections)
        REPORT.write_text(HEAD.format(machine=machine()) + known, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
