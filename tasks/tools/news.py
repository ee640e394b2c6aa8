"""News headlines, simulated."""

import asyncio

from tasks import tool

_KNOWN = {
    "ai": [
        "New AI model tops reasoning benchmarks",
        "Lawmakers weigh rules for AI in hospitals",
        "Chip makers race to supply AI data centres",
    ]
}
_HEADLINES = ("What the latest figures say about {}", "Five questions on {}, answered", "Experts disagree on the future of {}")


@tool(timeout=5, idempotent=True)
async def get_news_headlines(topic: str) -> list[str]:
    """Get three current news headlines on a topic. They are simulated and take 300 ms.

    Args:
        topic: Subject of the news, such as AI.

    """
    await asyncio.sleep(0.3)
    return _KNOWN.get(topic.casefold(), [headline.format(topic) for headline in _HEADLINES])
