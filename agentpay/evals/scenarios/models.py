"""A scenario file, read and checked before anything runs: a misspelt check would otherwise pass for ever."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from agentpay.commerce.importing.models import CustomerRow, OrderRow
from agentpay.commerce.importing.reading import StoreLoader, line_of

CARDS = ("success", "decline", "three_d_secure", "delayed")


class ScenarioProblems(Exception):
    """A scenario file that cannot be run; `problems` are sentences that begin with the line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]
Names = str | list[str]
Check = dict[str, Any]
"""Field → value, list of acceptable values, `{min, max}`, or the same again for an object."""
CartCheck = dict[str, Annotated[int, Field(ge=1)]]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CartShown(Model):
    """The cart holds just the product shown at `position` (from 1) of the last product_list."""

    position: int = Field(ge=1)
    quantity: int = Field(1, ge=1)


class Trajectory(Model):
    """Tools that are called, in order: all of these and no others (`strict`), the same in any order (`unordered`), none but
    these (`subset`), or at least these (`superset`)."""

    mode: Literal["strict", "unordered", "subset", "superset"] = "superset"
    tools: list[str | Annotated[dict[str, Check], Field(min_length=1, max_length=1)]]
    """A name, or `{name: arguments}`: arguments that are named must be accepted, others may be there too."""

    @property
    def calls(self) -> list[tuple[str, Check]]:
        return [(tool, {}) if isinstance(tool, str) else next(iter(tool.items())) for tool in self.tools]


Node = Literal["understand", "supervisor", "sales", "support", "payment", "remember"]


class Expect(Model):
    """What must be true after a turn. A check that is absent is not made."""

    agent: Names | None = None
    intent: Names | None = None
    tools: list[str] | None = None
    no_tools: list[str] | None = None
    blocks: list[str] | None = None
    shows: list[str] | None = None
    not_shows: list[str] | None = None
    reply_matches: list[Pattern] | None = None
    reply_lacks: list[Pattern] | None = None
    cart: CartCheck | list[CartCheck] | None = None
    cart_totals: Check | None = None
    cart_shown: CartShown | None = None
    stage: Names | None = None
    status: Names | None = None
    interrupts: list[str] | None = None
    checkout: Check | None = None
    order: Check | None = None
    orders: dict[str, Check] | None = None
    stock: dict[str, int | None] | None = None
    floor_kept: bool | None = None
    trajectory: Trajectory | None = None
    nodes: list[Node] | list[list[Node]] | None = None
    """Nodes of the graph that run in a turn, in order; in `finally` those of each turn."""

    @property
    def of_reply(self) -> bool:
        """Whether anything here looks at a message."""
        fields = (
            "agent",
            "intent",
            "tools",
            "no_tools",
            "blocks",
            "shows",
            "not_shows",
            "reply_matches",
            "reply_lacks",
        )
        return any(getattr(self, name) is not None for name in fields)


class Step(Model):
    """One turn: the customer writes, the buyer pays, or a person answers what waits."""

    say: str | None = Field(None, min_length=1)
    pay: Literal["success", "decline", "three_d_secure", "delayed"] | None = None
    approve: bool | None = None
    expect: Expect = Field(default_factory=Expect)

    @model_validator(mode="after")
    def _one(self) -> Step:
        if sum(value is not None for value in (self.say, self.pay, self.approve)) != 1:
            raise ValueError("a turn is one of say, pay and approve")
        if self.pay is not None and (self.expect.trajectory is not None or self.expect.nodes is not None):
            raise ValueError("no tool and no node runs where the buyer pays")
        if any(isinstance(node, list) for node in self.expect.nodes or ()):
            raise ValueError("the nodes of one turn are one list")
        return self

    def __str__(self) -> str:
        if self.say is not None:
            return self.say
        return f"(pays: {self.pay})" if self.pay is not None else f"(approves: {self.approve})"


class CustomerOpening(Model):
    external_id: str | None = None
    email: str | None = None
    name: str | None = None
    phone_number: str | None = None


class Redeemed(Model):
    """`customer` (external id) has used one of the shop's codes so many times."""

    code: str
    customer: str
    times: int = Field(ge=1)


class Given(Model):
    """What the shop has besides its own: a conversation's customer as they were before. Rows as of a store file (CONTRACT §5)."""

    customers: list[CustomerRow] = Field(default_factory=list)
    orders: list[OrderRow] = Field(default_factory=list)
    redeemed: list[Redeemed] = Field(default_factory=list)


class Scenario(Model):
    id: str = Field(min_length=1)
    given: Given | None = None
    customer: CustomerOpening | None = None
    turns: list[Step] = Field(min_length=1)
    finally_: Expect = Field(default_factory=Expect, alias="finally")

    @model_validator(mode="after")
    def _nodes_by_turn(self) -> Scenario:
        if any(not isinstance(nodes, list) for nodes in self.finally_.nodes or ()):
            raise ValueError("in `finally`, nodes are a list for each turn")
        return self

    @property
    def needs_graders(self) -> bool:
        """Whether it says something about tools and nodes that no reply tells."""
        expected = [self.finally_, *(step.expect for step in self.turns)]
        return any(expect.trajectory is not None or expect.nodes is not None for expect in expected)


_FILE = TypeAdapter(list[Scenario])


def load_scenarios(path: Path) -> list[Scenario]:
    """The scenarios of a file, gzipped or not, in order. Raises ScenarioProblems that name each bad line."""
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ScenarioProblems([f"{path} cannot be read: {getattr(error, 'strerror', None) or error}."]) from error
    loader = StoreLoader(text)
    try:
        node = loader.get_single_node()
        lines: dict[tuple[str | int, ...], int] = {}
        problems = [] if node is None else _index(node, (), lines)
        data = [] if node is None or problems else loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ScenarioProblems([f"{path.name} is not YAML: {error}"]) from error
    finally:
        loader.dispose()
    if problems:
        raise ScenarioProblems(problems)
    try:
        scenarios = _FILE.validate_python(data)
    except ValidationError as error:
        raise ScenarioProblems(_sentences(error, lines)) from None
    seen: dict[str, int] = {}
    for n, scenario in enumerate(scenarios):
        if scenario.id in seen:
            problems.append(f"line {line_of(lines, (n, 'id'))}: the id {scenario.id} is used twice")
        seen[scenario.id] = n
    if problems:
        raise ScenarioProblems(problems)
    return scenarios


def _sentences(error: ValidationError, lines: dict[tuple[str | int, ...], int]) -> list[str]:
    sentences = []
    for found in error.errors(include_url=False, include_input=False):
        message = "unknown key" if found["type"] == "extra_forbidden" else found["msg"].removeprefix("Value error, ")
        path = tuple(found["loc"])
        sentences.append(f"line {line_of(lines, path)}: {'.'.join(map(str, path))}: {message}")
    return sentences


def _index(node: yaml.Node, path: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int]) -> list[str]:
    """Note the line of each value; answers the keys that are given twice."""
    lines.setdefault(path, node.start_mark.line + 1)
    problems: list[str] = []
    if isinstance(node, yaml.SequenceNode):
        for n, item in enumerate(node.value):
            problems += _index(item, (*path, n), lines)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            if inner in lines:
                problems.append(f"line {key.start_mark.line + 1}: {key.value} is given twice")
            lines[inner] = key.start_mark.line + 1
            problems += _index(value, inner, lines)
    return problems
