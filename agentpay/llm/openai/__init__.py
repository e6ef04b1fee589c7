"""Any OpenAI-compatible chat model as a brain: `brain.py` over `lean.py`, a ChatOpenAI that reads its stream itself."""

from agentpay.llm.openai.brain import OpenAIBrain

__all__ = ["OpenAIBrain"]
