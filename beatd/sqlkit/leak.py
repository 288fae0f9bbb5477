"""Keeps what a fork copied from ever being closed in the child."""

import ctypes


def leak(*things: object) -> None:
    """Make sure that these are never destroyed, not even when the interpreter ends."""
    for thing in things:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
