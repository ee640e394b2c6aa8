"""A weather report, simulated."""

import asyncio
from zlib import crc32

from tasks import tool

_KNOWN = {"tokyo": (71, "Clear")}
_SKIES = ("Clear", "Cloudy", "Rain", "Windy")


@tool(timeout=5, idempotent=True)
async def get_weather(city: str) -> dict[str, str | int]:
    """Get the current weather for a city. The report is simulated and takes 300 ms.

    Args:
        city: City name, such as Tokyo.

    """
    await asyncio.sleep(0.3)
    number = crc32(city.casefold().encode())
    temperature, sky = _KNOWN.get(city.casefold(), (40 + number % 50, _SKIES[number % len(_SKIES)]))
    return {"city": city, "temperature_f": temperature, "condition": sky}
