"""What customers write: English sentences from a small grammar, in five moods.

How a customer feels belongs to `feedback`.
"""

import numpy as np
from numpy.typing import NDArray

_THINGS = (
    "the delivery", "the staff", "the quality", "the selection", "my last order", "the checkout", "the vegetables",
    "the customer service", "the app", "the packaging",
)  # fmt: skip
_BE: tuple[tuple[str, ...], ...] = (
    ("was terrible", "was awful", "was a horrible disappointment", "was the worst ever", "made me really angry"),
    ("was disappointing", "was poor", "was slow and annoying", "was a bit bad", "was late and in poor shape"),
    (
        "was as on Mondays",
        "was the same as before",
        "was about the same as in spring",
        "was what I am used to",
        "was the same as last week",
    ),
    ("was good", "was nice", "was friendly", "was fine and fresh", "was helpful and pleasant"),
    ("was excellent", "was great", "was wonderful", "was the best ever", "was perfect and very friendly"),
)
_MORE: tuple[tuple[str, ...], ...] = (
    (
        "I hate to wait for an answer.",
        "I am very unhappy and want my money back.",
        "It makes me sad, what a disaster.",
        "I regret that I came, it was useless.",
    ),
    (
        "I am not happy with it.",
        "The price is too high and the shelf was dirty.",
        "It was damaged and broken.",
        "I had to complain about a wrong bill.",
    ),
    (
        "I bought bread and milk.",
        "I come on Tuesdays.",
        "The receipt is in the box.",
        "I went with my neighbour.",
    ),
    ("I like it, the shop is clean.", "Thanks for the help.", "I am glad I came.", "It was easy."),
    ("I love this store!", "Thank you, I am very happy!", "Highly recommended, what a pleasure!", "Fantastic value!"),
)
_MORE_RATE = 0.55


def comments(moods: NDArray[np.int64], rng: np.random.Generator) -> list[str]:
    """One comment per mood, 0 the worst and 4 the best."""
    thing, be, more = (rng.random(moods.size) for _ in range(3))
    has_more = rng.random(moods.size) < _MORE_RATE
    return [
        _pick(_THINGS, t).capitalize() + f" {_pick(_BE[mood], b)}." + (f" {_pick(_MORE[mood], m)}" if says else "")
        for mood, t, b, m, says in zip(moods.tolist(), thing, be, more, has_more, strict=True)
    ]


def _pick(texts: tuple[str, ...], level: float) -> str:
    return texts[int(level * len(texts))]
