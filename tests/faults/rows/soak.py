"""``python -m tests.faults.rows.soak DRIVER MINUTES``: edit rows and disturb three schedulers for long, and judge."""

import sys

from tests.faults.rows.attack import ATTACKED, disturb_rows
from tests.faults.soak import main

if __name__ == "__main__":
    sys.exit(main(disturb_rows, ATTACKED, __doc__))
