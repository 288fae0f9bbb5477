"""What holds messages back: rates of tasks, the order of queues, calls that are there already. Pure."""
