"""Where the command `vonage-video-emulator` begins: what is asked for ever is answered without the whole of it."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == ["health"]:
        from emulator.cli import health

        options = health.read(sys.argv[2:])
        if options is not None:
            raise SystemExit(health.run(options))
    from emulator.cli.main import main as whole

    whole()
