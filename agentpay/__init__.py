"""AgentPay: LangGraph agents that sell, support and take payments for a shop."""

import os

# Checkpoints may hold only plain data and types we name; langgraph reads this once, at its first import (DESIGN §4).
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

__version__ = "0.1.0"
