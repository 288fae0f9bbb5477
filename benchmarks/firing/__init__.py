"""Fires a second, a herd, and lateness: the whole scheduler on real stores, beside bare loops and beats."""
