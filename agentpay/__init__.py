"""AgentPay: LangGraph agents that sell, support and take payments for a shop."""

__version__ = "0.1.0"
