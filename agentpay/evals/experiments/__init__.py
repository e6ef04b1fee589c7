"""Runs of suites as LangSmith experiments: where a key is set in LangSmith, else on this machine and nowhere else."""
