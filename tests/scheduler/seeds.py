"""One run of a random model, from its seed, and how many there are of them."""

import pytest

BLOCKS = [*range(2), *(pytest.param(block, marks=pytest.mark.long) for block in range(2, 8))]
"""Of a thousand runs each."""


def live(world, seed: int) -> None:
    """Let all happen that the world's dice say, heal what is broken, and judge; what fails tells the seed."""
    try:
        for _ in range(world.dice.randrange(20, 250)):
            world.act()
        world.heal()
        world.judge()
    except Exception as error:  # raised again, with the seed
        error.add_note(f"seed {seed}")
        raise
