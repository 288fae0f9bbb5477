"""``python -m tests.faults.worker.soak DRIVER MINUTES``: send to workers and disturb them for long, and judge."""

import sys

from tests.faults.soak import main
from tests.faults.worker.attack import ATTACKED, FAULTS, disturb_workers

if __name__ == "__main__":
    sys.exit(main(disturb_workers, ATTACKED, __doc__, faults=FAULTS, of="messages"))
