"""`agentpay import`: a store file → a shop."""

from agentpay.commerce.importing.problems import ImportProblem, ImportProblems
from agentpay.commerce.importing.reading import Loaded, file_digest, load
from agentpay.commerce.importing.run import Counts, ImportReport
from agentpay.commerce.importing.store import import_loaded, import_store
from agentpay.commerce.importing.tau2 import load_tau2

__all__ = [
    "Counts",
    "ImportProblem",
    "ImportProblems",
    "ImportReport",
    "Loaded",
    "file_digest",
    "import_loaded",
    "import_store",
    "load",
    "load_tau2",
]
