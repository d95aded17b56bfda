"""Forms of handwritten rests, in staff spaces around their centre.

Knows forms only. Whole and half rests lie around the middle of the line that they hang from or sit on.
"""

from __future__ import annotations

import numpy as np

from jazzmus.synthesis.handwriting.glyphs import Glyph, glyph, joined, shifted

QUARTER_RESTS: dict[str, Glyph] = {
    "printed": glyph("-0.25,-1.35 0.3,-0.6 0.3,-0.6 -0.25,0 -0.25,0 0.35,0.75 0.35,0.75 -0.1,0.6 -0.25,0.95 0.1,1.4"),
    "three": glyph(
        "-0.45,-1.1 0.4,-1.15 0.4,-1.15 -0.2,-0.4 -0.2,-0.4 0.4,-0.2 0.35,0.1 -0.35,0.5 -0.35,0.5 0.3,0.6 0.1,1.1"
    ),
    "z": glyph("-0.45,-0.75 0.45,-0.8 0.45,-0.8 -0.45,0.75 -0.45,0.75 0.5,0.7"),
    "wave": glyph("-0.3,-1.3 0.25,-0.9 -0.1,-0.2 0.3,0.5 -0.25,1.1"),
    "long_s": glyph("0.4,-1.3 0,-1.45 -0.2,-0.9 0.15,0.1 0.2,0.9 -0.15,1.35 -0.4,1.1"),
    "reversed_seven": glyph("0.45,-0.95 0.1,-0.6 -0.35,-0.85 -0.35,-0.85 0.1,0.1 0.2,0.95"),
    "lightning": glyph("0.2,-1.4 -0.35,0.15 -0.35,0.15 0.35,-0.1 0.35,-0.1 -0.2,1.4"),
    "saw": glyph(
        "-0.35,-1.1 0.4,-1.2 0.4,-1.2 -0.4,-0.5 -0.4,-0.5 0.4,-0.5 0.4,-0.5 -0.4,0.3 -0.4,0.3 0.4,0.3 0.4,0.3 -0.2,1.2"
    ),
    "xi": glyph("0.35,-1.35 -0.25,-1.1 -0.1,-0.6 0.3,-0.5 -0.35,-0.05 -0.2,0.5 0.3,0.6 0.3,1 -0.15,1.3"),
}

_HOOKS: dict[str, Glyph] = {
    "curled": glyph("-0.35,-0.65 -0.3,-0.3 0.05,-0.3 0.42,-0.7"),
    "flat": glyph("-0.45,-0.62 0.42,-0.7"),
    "y": glyph("-0.4,-0.75 -0.1,-0.15 0.18,-0.15"),
    "blob": glyph("-0.35,-0.55 -0.25,-0.7 -0.2,-0.5 -0.35,-0.5 -0.1,-0.35 0.42,-0.65"),
    "bent": glyph("-0.4,-0.8 -0.3,-0.35 -0.3,-0.35 0.35,-0.6"),
}
SHORT_RESTS = tuple(_HOOKS)


def short_rest(manner: str, hooks: int) -> Glyph:
    """Return an eighth rest (one hook), sixteenth (two) and so on; `manner` is one of `SHORT_RESTS`."""
    height = 0.75 * (hooks - 1)
    hook = shifted(_HOOKS[manner], 0.0, -height / 2)
    parts = [shifted(hook, -0.17 * index, 0.75 * index) for index in range(hooks)]
    bottom = (-0.05 - 0.17 * (hooks - 1), 0.95 + height / 2)
    stem = np.array([(0.45, -0.72 - height / 2), (0.2, 0.2), bottom])
    return (*joined(*parts), stem)


# A block of height 1/2 above the line (half rest); a whole rest is the same upside down.
BLOCK_RESTS: dict[str, Glyph] = {
    "zigzag": glyph("-0.6,-0.05 -0.5,-0.5 -0.4,-0.05 -0.2,-0.5 -0.1,-0.05 0.1,-0.5 0.2,-0.05 0.4,-0.5 0.55,-0.05"),
    "layers": glyph("-0.55,-0.08 0.55,-0.1 0.55,-0.1 -0.5,-0.25 -0.5,-0.25 0.52,-0.27 0.52,-0.27 -0.5,-0.4 0.5,-0.44"),
    "outline": glyph("-0.5,-0.05 -0.5,-0.5 -0.5,-0.5 0.5,-0.52 0.5,-0.52 0.52,-0.05 0.52,-0.05 -0.5,-0.03"),
    "dash": glyph("-0.6,-0.22 0,-0.25 0.6,-0.22", "0.55,-0.3 -0.5,-0.3"),
    "hat": glyph("-0.9,-0.02 0.9,0", "-0.5,-0.15 0.5,-0.17", "-0.48,-0.35 0.5,-0.38"),
}
