"""`DIR/report.html` and `DIR/summary.md`: what `DIR/report.json` says, for people."""

from agentpay.evals.html.page import write_html
from agentpay.evals.html.summary import write_summary

__all__ = ["write_html", "write_summary"]
