"""`agentpay import`: a store file → a shop."""

from agentpay.commerce.importing.problems import ImportProblem, ImportProblems
from agentpay.commerce.importing.reading import Loaded, file_digest, load
from agentpay.commerce.importing.run import Counts, ImportReport
from agentpay.commerce.importing.store import import_store

__all__ = [
    "Counts",
    "ImportProblem",
    "ImportProblems",
    "ImportReport",
    "Loaded",
    "file_digest",
    "import_store",
    "load",
]
