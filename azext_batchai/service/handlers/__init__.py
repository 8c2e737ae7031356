"""The REST operations: one function each. They create resources and record wishes; the scheduler does the rest."""
