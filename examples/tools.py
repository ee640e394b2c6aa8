"""The tools that the examples name, for the workers: TOOLCHORD_TOOLS=tasks.tools,examples.tools. Their data are made up."""

import asyncio
from typing import Literal

from pydantic import BaseModel, Field

from tasks import ToolInputError, tool

REPORTS = {"Bengaluru": "27 °C, light rain", "London": "11 °C, cloudy", "Austin": "24 °C, sunny"}


@tool(idempotent=True)
async def get_city_weather(city_name: str) -> str:
    """Get the current weather for a city.

    Args:
        city_name: City, such as London.

    """
    await asyncio.sleep(0.3)
    if city_name == "Atlantis":
        raise ToolInputError("There is no city named Atlantis.")
    return f"{city_name}: {REPORTS.get(city_name, '20 °C, clear')}"


@tool(timeout=1)
async def get_high_tide(port: str) -> str:
    """Get the time of the next high tide in a port."""
    if port == "Dover":
        await asyncio.sleep(60)  # A service that does not answer.
    return f"{port}: 04:12"


@tool
class ConvertMoney(BaseModel):
    """Convert an amount of money to euros."""

    amount: float = Field(gt=0)
    currency: Literal["USD", "GBP"]

    def run(self) -> str:
        """At the rates of some day."""
        rate = {"USD": 0.86, "GBP": 1.14}[self.currency]
        return f"{self.amount:g} {self.currency} = {self.amount * rate:.2f} EUR"
