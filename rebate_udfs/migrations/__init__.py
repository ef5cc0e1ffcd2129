"""How the ledger's database came to its present form, one file a step; `ledger.py` brings every database up to date."""
