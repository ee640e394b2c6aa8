"""A stock price, simulated."""

import time
from decimal import Decimal
from zlib import crc32

from tasks import tool

_KNOWN = {"AAPL": (Decimal("198.50"), "+1.2%")}


@tool(timeout=5, idempotent=True)
def get_stock_price(ticker: str) -> dict[str, str | Decimal]:
    """Get the current price of a stock in US dollars. The price is simulated and takes 300 ms.

    Args:
        ticker: Stock symbol, such as AAPL.

    """
    time.sleep(0.3)
    number = crc32(ticker.upper().encode())
    price, change = _KNOWN.get(ticker.upper(), (Decimal(1000 + number % 49_000) / 100, f"{(number % 101 - 50) / 10:+.1f}%"))
    return {"ticker": ticker.upper(), "price": price, "change": change}
