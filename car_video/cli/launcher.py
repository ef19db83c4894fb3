"""What ``car-video`` runs first: Ctrl-C ends it quietly, even while its libraries load."""

from __future__ import annotations

import sys

INTERRUPTED = 130


def main() -> None:
    """Entry point of the command, see :func:`car_video.cli.app.main`."""
    try:
        from car_video.cli.app import main as run
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
