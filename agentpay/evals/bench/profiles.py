"""Every profile by name. A new one is a file beside this one and a line here."""

from __future__ import annotations

from agentpay.evals.bench.followers import IdleConnections
from agentpay.evals.bench.house import HouseTurns
from agentpay.evals.bench.load import AGENTPAY, EACH_STEP, GROWTH, LoadProfile
from agentpay.evals.bench.profile import Profile
from agentpay.evals.bench.search import SearchBench

PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        LoadProfile(
            "turns",
            "1 and 16 conversations, 40 tokens without delay",
            "run",
            ("--conc", "1,16", "--turns", "5"),
            variants=(AGENTPAY, EACH_STEP),
        ),
        HouseTurns(),
        LoadProfile("smooth", "200 streams at 20 ms a token", "run", ("--conc", "200", "--turns", "2"), delay_ms=20.0),
        LoadProfile("growth", "one conversation of 300 turns", "growth", ("--turns", "300"), figures=GROWTH),
        IdleConnections(),
        SearchBench(),
        SearchBench("vectors", "the filtered vector part of `search` alone", words=False),
    )
}
