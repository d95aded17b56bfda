"""Words of the drawn remarks: titles, names and notes, all of them invented.

No title, name or lyric here is that of an existing piece or person on purpose. Knows nothing of how words are drawn.
"""

from __future__ import annotations

import numpy as np


def _listed(text: str) -> tuple[str, ...]:
    return tuple(entry.strip() for entry in text.split(","))


ADJECTIVES = _listed(
    "Amber, Borrowed, Brass, Brittle, Copper, Crooked, Dappled, Drowsy, Dusty, Eleventh, Faded, Folded, Furtive, "
    "Gilded, Grainy, Hollow, Hurried, Idle, Jagged, Knotted, Lopsided, Marbled, Misplaced, Mossy, Narrow, Oblique, "
    "Paper, Patchwork, Peppered, Quilted, Rattling, Rusty, Salted, Scattered, Sideways, Smoky, Tangled, Tilted, Tin, "
    "Unpaid, Velvet, Wandering, Wicker, Woolen, Zigzag"
)
NOUNS = _listed(
    "Almanac, Anchor, Attic, Awning, Balcony, Bicycle, Buttons, Canal, Chimney, Clockwork, Compass, Corridor, "
    "Doorbell, Elbow, Ferry, Foxglove, Gravel, Gutter, Harbour, Hatbox, Hinge, Icehouse, Inkwell, Jetty, Kettle, "
    "Ladder, Lantern, Limestone, Magpie, Marmalade, Meadow, Nettle, Orchard, Overcoat, Parcel, Pigeon, Postcard, "
    "Quarry, Radiator, Rooftop, Saucer, Staircase, Suitcase, Thimble, Tramline, Umbrella, Viaduct, Waiter, Windmill, "
    "Yardstick"
)
FIRST_NAMES = _listed(
    "Abel, Agnes, Basil, Cosmo, Delphine, Edna, Felix, Greta, Hollis, Ines, Jonas, Katya, Leopold, Marit, Nestor, "
    "Odile, Percy, Ronja, Silas, Thea, Ulric, Vera, Wendell, Yvette"
)
SURNAMES = _listed(
    "Abernole, Brandvik, Castellow, Dunnagh, Ellisker, Farrowby, Grimdale, Halvane, Imberley, Jesterman, Kolvik, "
    "Lindquarry, Mosswell, Nordaby, Ottersen, Pellworth, Quistad, Rennickle, Sandervale, Tolliver-Boe, Underhay, "
    "Vantorp, Wexmoor, Zellander"
)
STYLES = _listed(
    "Medium Swing, Medium, Ballad, Bossa, Slow Swing, Up Tempo, Latin, Waltz, Easy Swing, Bright, Slowly, Fast, Med. "
    "Up, Jazz Waltz, Even 8ths, Funk, Samba, Rubato, Slow Blues, with a lilt, not too fast, moderato"
)
# Above a staff no word may begin like a chord symbol; those that do stand below it.
SECTIONS_ABOVE = _listed(
    "Intro, Solo, Vamp, Last time, 2nd x only, To 𝄌, 𝄌, 𝄋, Interlude, Tag, Solos, Outro, repeat, N.B."
)
SECTIONS_BELOW = _listed("Fine, D.C. al Fine, D.C., D.S. al Coda, D.S. al 𝄌, Coda, Fine (last x), to Coda, al Fine")
PENCIL_NOTES = _listed(
    "watch!, slow down, rit., lay back, softer, loud!, sax only, tutti, no repeat, look up, hold, check this, ??, "
    "(8va), soli, breathe, swing!, straight, piano, unis., nice, (sim.), pick-up, stop time, l.v., wait, x2, rall."
)
DYNAMICS = _listed("p, mp, mf, f, ff, pp, sfz")
LYRICS = _listed(
    "oh, the, win-dow, was, o-pen, and, some-one, had, left, me, a, let-ter, un-der, the, rain, I, nev-er, could, "
    "tell, you, how, long, was, the, road, to, the, sta-tion, where, no-bo-dy, waits, we, were, a-sleep, on, the, "
    "roof, when, the, morn-ing, came, by, with, a, hand-ful, of, salt, and, the, ket-tle, was, sing-ing, a-gain"
)
MONTHS = _listed("Jan, Feb, Mar, Apr, May, Jun, Jul, Aug, Sep, Oct, Nov, Dec")


def one_of(words: tuple[str, ...], rng: np.random.Generator) -> str:
    """Return one of the words, each as likely."""
    return words[int(rng.integers(len(words)))]


def invented_title(rng: np.random.Generator) -> str:
    """Return a title such as `Crooked Lantern` or `Odile's Umbrella`."""
    adjective, noun, other = one_of(ADJECTIVES, rng), one_of(NOUNS, rng), one_of(NOUNS, rng)
    name = one_of(FIRST_NAMES, rng)
    forms = (
        f"{adjective} {noun}",
        f"The {adjective} {noun}",
        f"{name}'s {noun}",
        f"{noun} For {name}",
        f"{noun} And {other}",
        f"{adjective} {noun} Blues",
        f"My {adjective} {noun}",
        f"{noun} In The {other}",
        f"A {noun} Without A {other}",
        noun,
        f"{name} And The {adjective} {noun}",
    )
    return one_of(forms, rng)


def invented_composer(rng: np.random.Generator) -> str:
    """Return a name such as `G. Halvane` or `Marit Kolvik`."""
    first, last = one_of(FIRST_NAMES, rng), one_of(SURNAMES, rng)
    return one_of((f"{first} {last}", f"{first[0]}. {last}", last, f"({last})", f"by {first} {last}"), rng)


def invented_date(rng: np.random.Generator) -> str:
    """Return a date such as `3/14/98` or `Nov '07`."""
    day, month, year = int(rng.integers(1, 29)), int(rng.integers(1, 13)), int(rng.integers(0, 100))
    forms = (f"{month}/{day}/{year:02d}", f"{day}.{month}.{year:02d}", f"{MONTHS[month - 1]} '{year:02d}")
    return one_of(forms, rng)
