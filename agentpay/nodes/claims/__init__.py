"""What a model claims and what bears it out: found in its text, checked against tool results, held until then (DESIGN §4)."""

from agentpay.nodes.claims.gate import LEAK, Gate
from agentpay.nodes.claims.grounds import Grounds, grounds_of
from agentpay.nodes.claims.leaks import secrets_of

__all__ = ["LEAK", "Gate", "Grounds", "grounds_of", "secrets_of"]
