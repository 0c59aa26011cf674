"""`python -m benchmarks`: measure the budgets of the design and print one Markdown table.

The exit status is 1 if something could not be measured (a response was wrong, a server did not start); a budget that is
missed is only shown, because it depends on the machine.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from dataclasses import replace

from benchmarks.effort import FULL, QUICK
from benchmarks.load import LoadError
from benchmarks.measures import MEASURES
from benchmarks.server import ServerFailedError
from benchmarks.table import HEAD, Row


def main() -> int:
    """Run the measures asked for and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the budgets; print a table.")
    parser.add_argument("--quick", action="store_true", help="a few seconds: shows that it works, not how fast it is")
    parser.add_argument("--only", action="append", choices=list(MEASURES), metavar="NAME", help=", ".join(MEASURES))
    parser.add_argument("--requests", type=int, metavar="N", help="of the long run, e.g. 1000000 (about 8 minutes)")
    options = parser.parse_args()
    effort = QUICK if options.quick else FULL
    if options.requests:
        effort = replace(effort, requests=options.requests)
    print(f"{_machine()}{'; quick, so the numbers mean little' if options.quick else ''}\n\n{HEAD}", flush=True)
    failed = False
    for name in options.only or MEASURES:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        try:
            for row in MEASURES[name](effort):
                print(row, flush=True)
        except (LoadError, ServerFailedError) as error:
            failed = True
            print(Row(name, f"failed: {error}", ok=False), flush=True)
    return int(failed)


def _machine() -> str:
    """Describe what the numbers depend on; the load average tells whether the machine was busy with other things."""
    text = f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores"
    if hasattr(os, "getloadavg"):
        text += f", load average at the start {os.getloadavg()[0]:.1f}"
    return text


if __name__ == "__main__":
    sys.exit(main())
