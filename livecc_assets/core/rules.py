"""The switch between what the published release does and what it should do (method 6 and 10)."""

from typing import Literal

#: ``released`` reproduces the published code, defects included; ``corrected`` is this project's default.
Rule = Literal["released", "corrected"]
