"""What a schedule says, in plain English."""

from beatd.schedules.english.sentence import rule_words, sentence
from beatd.schedules.english.subject import Subject

__all__ = ["Subject", "rule_words", "sentence"]
