"""The turn engine: a row before it is a run, leased and fenced, followed through a broker, finished by whoever is alive.

accept → lease → runner (engine) → log → broker → subscriber; finish stores everything in one fenced transaction.
"""
