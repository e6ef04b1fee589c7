"""Graders of conversations: what is in the database, which way was taken, what was claimed, what the shop allows, what it cost."""

from agentpay.evals.graders.grading import Graded, Grading, grading
from agentpay.evals.graders.protocol import Grade, Grader
from agentpay.evals.graders.record import Record, Wanted

__all__ = ["Grade", "Graded", "Grader", "Grading", "Record", "Wanted", "grading"]
