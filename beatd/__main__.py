"""``python -m beatd``: the same as the command ``beatd``."""

from beatd.cli import main

if __name__ == "__main__":
    main()
