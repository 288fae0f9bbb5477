"""Fork, signals, notify, watch, restart: what every daemon needs; knows no engine."""
