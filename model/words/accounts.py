"""What the accounts of a gain are called, once for screen, memo and workbook: as labels, in sentences in lower case."""

from __future__ import annotations

from model.words.numbers import changes, money

USERS = "Users"
USERS_COST = "Users' cost"
"""What users lose: the same account with the other sign."""
SUPPLIER_CHANGE = "Change of supplier"
PRODUCERS = "Producers"
PRODUCERS_GAIN = "Producers' gain"
TREASURY = "Treasury"
"""Of one party: duties, levies, auctioned rents and stock sales less outlays."""
TREASURIES = "Treasuries"
RENTS = "Rents of quotas"
"""Of those who hold the quotas: importers or exporters, no treasury."""
SETTLEMENTS = "Settlements of offtakes"
RENTS_AND_SETTLEMENTS = "Rents and settlements"
"""Rents of quotas that are no treasury's, and settlements of offtakes."""
SETTLEMENTS_AND_TRANSFERS = "Settlements and transfers"
"""Settlements of offtakes, transfers between the parties and what they share."""
STOCK_VALUE = "Metal in public stocks"
PUBLIC_FUNDS = "Cost of public funds"
NET_GAIN = "Net gain"
"""All of them together."""

NAMES = {
    "users": USERS,
    "supplier_change": SUPPLIER_CHANGE,
    "producers": PRODUCERS,
    "treasury": TREASURIES,
    "rents": RENTS,
    "transfers": SETTLEMENTS,
    "stock_value": STOCK_VALUE,
    "public_funds": PUBLIC_FUNDS,
}
"""Every account that a net gain is the sum of."""
PARTS = {
    "producers": {
        "mining": "mines",
        "refining": "refineries",
        "recycling": "recycling",
        "private_stocks": "private stocks, exporters' own among them",
    },
    "supplier_change": {
        "supplier_mix": "by another mix of suppliers",
        "supplier_volume": "by what is bought and paid",
    },
    "rents": {"rents_importers": "of importers", "rents_exporters": "of exporters"},
}
"""What an account consists of. Where ore is no market of its own, all who make the metal count as refineries."""
SIDES = {"parties": "Parties together", "non_parties": "Non-parties together", "world": "World"}
MEANINGS = {
    "supplier_change": "what buyers lose by turning to suppliers they would not have chosen, or by buying less from "
    "those they have (a gain where they buy more of them)",
    "stock_value": "tonnes that public stocks take in less those they sell, at the status quo's price",
    "public_funds": "what raising the treasury's money costs beyond the money (an assumption)",
}
"""What those accounts are that their name does not tell."""
MOVED = {
    "users": ("users save", "users pay"),
    "supplier_change": (
        "the choice of suppliers is worth more to buyers by",
        "the choice of suppliers is worth less to buyers by",
    ),
    "producers": ("producers gain", "producers lose"),
    "treasury": ("treasuries take in", "treasuries lose"),
    "rents": ("holders of quotas gain", "holders of quotas lose"),
    "transfers": ("settlements of offtakes bring", "settlements of offtakes cost"),
    "stock_value": ("public stocks gain metal worth", "public stocks lose metal worth"),
    "public_funds": ("public money saved is worth another", "raising public money costs another"),
}
"""How a gain and a loss of each account are told before the amount."""


def moved(name: str, usd: float) -> str:
    """What an account gains or loses.

    >>> moved("users", -3e6), moved("producers", 2e6)
    ('users pay 3.00 million USD more', 'producers gain 2.00 million USD')
    """
    return f"{MOVED[name][usd < 0]} {money(usd)}{' more' if name == 'users' and usd < 0 else ''}"


def gain_or_lose(usd: float, *, one: bool = False, when: str = "") -> str:
    """What several, or ``one``, gain or lose, and over what time.

    >>> gain_or_lose(-1.2e7, when=" a year"), gain_or_lose(3.0, one=True, when=" a year")
    ('lose 12.0 million USD a year', 'neither gains nor loses')
    """
    end = "s" if one else ""
    if not changes(usd):
        return f"neither gain{end} nor lose{end}"
    return f"{'gain' if usd > 0 else 'lose'}{end} {money(usd)}{when}"
