"""`agentpay bench`: what a turn costs, as ratios to the least LangGraph service, measured in one run.

A profile is one file: it brings up what it needs (`services.py`), loads it and answers figures. `profiles.py` names them.
"""

from agentpay.evals.bench.profile import Bench, Profile, Results
from agentpay.evals.bench.profiles import PROFILES

__all__ = ["PROFILES", "Bench", "Profile", "Results"]
