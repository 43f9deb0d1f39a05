"""How a person, a household, a kind of risk, a day, a delay and a measure are said, and how a long list is paged.

It knows the plan and what is kept, and no talk, so that the engine's own questions say things the same way.
"""
