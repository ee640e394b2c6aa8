"""tasks/tools/stocks.py: the simulated stock price."""

import pytest

from tasks.invoke import invoke
from tasks.tools.stocks import get_stock_price


def test_apple_has_its_known_price() -> None:
    """The demonstration's question has its known answer, in any case."""
    assert invoke(get_stock_price, {"ticker": "aapl"}).content == '{"ticker":"AAPL","price":198.50,"change":"+1.2%"}'


@pytest.mark.parametrize("ticker", ["MSFT", "", "x" * 1000])
def test_any_ticker_has_the_same_price_each_time(ticker: str) -> None:
    """A simulated answer can be repeated."""
    assert invoke(get_stock_price, {"ticker": ticker}) == invoke(get_stock_price, {"ticker": ticker})


def test_it_runs_in_a_process() -> None:
    """A sync tool goes to the queue of processes."""
    assert (get_stock_price.spec.queue, get_stock_price.spec.idempotent) == ("default", True)
