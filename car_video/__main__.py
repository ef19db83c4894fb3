"""``python -m car_video``: the command line without its script."""

from __future__ import annotations

from car_video.cli.launcher import main

if __name__ == "__main__":
    main()
