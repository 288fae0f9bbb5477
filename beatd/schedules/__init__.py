"""When does it fire? Pure: no I/O, no clock, no logging."""
