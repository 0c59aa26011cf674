"""What can become of each kind of resource: what fails later, and the values that select it; `registry` has them all.

Light to import, for calls that no rule is about: the effects' own models are in scenarios/later_effects.py.
"""
