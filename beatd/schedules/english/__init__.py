"""What a schedule says, in plain English."""

from beatd.schedules.english.ending import Ending, ending
from beatd.schedules.english.sentence import rule_words, sentence
from beatd.schedules.english.subject import Subject

__all__ = ["Ending", "Subject", "ending", "rule_words", "sentence"]
