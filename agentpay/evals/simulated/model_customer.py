"""A chat model plays the customer: it is told who it is and what it wants (`data/customer.md`), and writes the messages."""

from __future__ import annotations

import random
from importlib.resources import files
from typing import TYPE_CHECKING

from agentpay.evals.scenarios.client import ServiceError
from agentpay.evals.simulated.hearing import Seen
from agentpay.evals.simulated.paying import Pay
from agentpay.evals.simulated.talking import Talk

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

    from agentpay.settings import Settings

PAY, DONE, LEAVE = "[PAY]", "[DONE]", "[LEAVE]"
_OPENING = "Hi! How can I help you?"


class ModelCustomer:
    """One customer of one conversation. A model that fails ends the conversation with an error."""

    def __init__(self, model: BaseChatModel, talk: Talk) -> None:
        from langchain_core.messages import SystemMessage

        self._model, self._talk = model, talk
        self._said: list[BaseMessage] = [SystemMessage(instructions(talk))]

    async def next(self, seen: Seen) -> str | None:
        from langchain_core.messages import AIMessage, HumanMessage

        for wish in self._talk.goal.wishes:  # what was told counts, whoever asked
            wish.tries = max(wish.tries, 1)
            wish.done(seen)
        self._said.append(HumanMessage(_page(seen) if self._talk.played.turns else _OPENING))
        try:
            message = await self._model.ainvoke(self._said)
        except Exception as error:  # whatever a provider raises: this conversation is over, the others go on
            raise ServiceError(f"the customer's model failed: {type(error).__name__}.") from error
        self._said.append(AIMessage(message.text))
        return await self._act(message.text, seen)

    async def _act(self, text: str, seen: Seen) -> str | None:
        talk = self._talk
        pay = next((wish for wish in talk.goal.wishes if isinstance(wish, Pay)), None)
        if PAY in text and pay is not None and pay.cards:
            await talk.pay(pay)
            return await self.next(talk.seen)
        if LEAVE in text:
            talk.played.dropped = "had enough"
            return None
        if DONE in text:
            return None
        return text.strip() or None


def instructions(talk: Talk) -> str:
    """The system prompt."""
    person, goal = talk.me.person, talk.goal
    text = (files(__package__) / "data" / "customer.md").read_text("utf-8")
    known = "The shop's site knows who you are." if person.signed_in else "The shop does not know who you are."
    extra = []
    if goal.order is not None and goal.order.email == person.email:
        extra.append(f"Your order number is {goal.order.number}.")
    for wish in goal.wishes:
        if wish.option is not None:
            extra.append(f"You want it shipped by: {wish.option}.")
        if wish.address is not None and wish.address != person.address:
            extra.append(f"The new address is {talk.me.address(wish.address)}.")
    return text.format(
        habits=", ".join(sorted(habit.replace("_", " ") for habit in person.habits)) or "plainly",
        mood=person.mood,
        patience=person.patience,
        name=person.name,
        email=person.email,
        address=person.address.written(random.Random(person.number), abroad=True),
        known=known,
        goal=goal.brief,
        extra=" ".join(extra),
    )


def _page(seen: Seen) -> str:
    """What is on the customer's screen."""
    lines = []
    for line in seen.conversation.get("cart", {}).get("items", []):
        options = " ".join(map(str, line["options"].values()))
        lines.append(f"{line['quantity']} × {line['title']} {options}".strip())
    return seen.text + (f"\n\n[your cart: {'; '.join(lines)}]" if lines else "")


def model_of(name: str, settings: Settings) -> BaseChatModel:
    """The customer's model, of a name such as `openai:gpt-4o-mini`. Raises StartupError where it cannot be used."""
    from langchain_openai import ChatOpenAI

    from agentpay.errors import StartupError
    from agentpay.llm.choice import check_model

    if name == "house":
        raise StartupError("The house model sells; customers are played without a model, or by `openai:<model>`.")
    check_model(name, settings)
    return ChatOpenAI(
        model=name.removeprefix("openai:"),
        api_key=settings.openai_api_key,
        base_url=settings.openai_base_url,
        timeout=settings.model_timeout_seconds,
        max_retries=settings.model_max_retries,
    )
