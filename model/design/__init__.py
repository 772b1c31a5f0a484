"""The agreement optimiser: which agreement is best, for whom, what stands in its way, and what each concession is worth."""
