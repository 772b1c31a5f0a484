"""``python -m model.cli`` is the command ``accord``."""

from model.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
