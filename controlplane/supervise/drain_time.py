"""How long a gateway that is to end goes on taking calls, and waits for what it is answering."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DrainTime:
    """Seconds from the word to end on. The most counts where both cannot be."""

    least: float = 0.0
    """A balancer learns only after some seconds that we go, and sends calls until then."""
    most: float = 60.0

    def reason_against(self) -> str | None:
        """For the user who wrote it."""
        if self.least <= self.most:
            return None
        return (
            f"--drain-min ({self.least:g} s) is more than --drain-max ({self.most:g} s),"
            " after which everything is cut"
        )


NONE = DrainTime(0.0, 0.0)
