"""Every edit with its wordings and its share of the training pairs: the tables of instructions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

from fairy.lab.synthetic import drawings, grades, looks, materials, paintings
from fairy.lab.synthetic.choice import Choice
from fairy.lab.synthetic.raster import Array
from fairy.lab.synthetic.scenes import COLOURS, Layers
from fairy.lab.synthetic.shapes import SHAPES

SPLITS = ("train", "heldout")


@dataclass(frozen=True)
class Edit:
    """apply: layers and choice to the edited picture. kind: "whole" or "object". weight: its part of the training
    pairs, relative to those of the others.

    is_open: does the instruction leave something to the choice. Wordings may hold {object}, {colour} and {shape}.
    """

    apply: Callable[[Layers, Choice], Array]
    kind: str
    weight: float
    is_open: bool
    train: tuple[str, ...]
    heldout: tuple[str, ...]

    @property
    def names_object(self) -> bool:
        """Is it about the objects of one name."""
        return "{object}" in self.train[0]

    def wordings(self, split: str) -> tuple[str, ...]:
        return self.train if split == "train" else self.heldout


def _whole(apply: Callable[[Layers, Choice], Array], weight: float, is_open: bool, train: str, heldout: str) -> Edit:
    return Edit(apply, "whole", weight, is_open, tuple(train.split("; ")), tuple(heldout.split("; ")))


def _object(apply: Callable[[Layers, Choice], Array], weight: float, is_open: bool, train: str, heldout: str) -> Edit:
    return Edit(apply, "object", weight, is_open, tuple(train.split("; ")), tuple(heldout.split("; ")))


# Of the weights' sum whole-picture edits have 0.26 and edits of objects 0.74, more than half of that for new outlines,
# which are learned last; 0.69 is for edits that leave something open.
# Every word of a held-out wording occurs in some training wording: what is held out is the way they are put together.
EDITS: dict[str, Edit] = {
    "night": _whole(
        looks.night, 0.03, True,
        "make it night; turn day into night; change it to night time; make it look like night; make it a night scene",
        "turn this into a night scene; set it at night",
    ),
    "sunset": _whole(
        looks.sunset, 0.025, True,
        "make it sunset; change it to sunset; make it a sunset scene; add a sunset light; set it at sunset",
        "make it look like sunset; turn this into a sunset scene",
    ),
    "golden_hour": _whole(
        looks.golden_hour, 0.025, True,
        "make it golden hour; set it at golden hour; change it to the golden hour; add a low sun; "
        "give it a warm evening light; add warm light",
        "make it look like golden hour; give it a low evening sun",
    ),
    "fog": _whole(
        looks.fog, 0.02, True,
        "add fog; make it foggy; put it in the fog; turn it into a foggy day; make it misty; add mist",
        "make it a foggy day; put fog in the scene",
    ),
    "snow": _whole(
        looks.snow, 0.02, False,
        "make it snow; add snow; cover it with snow; make it a snowy day; let it snow; put it in the snow; "
        "make it look like a snowy day",
        "change it to a snowy day; turn this into a snowy scene",
    ),
    "winter": _whole(
        looks.winter, 0.015, False,
        "make it winter; turn it into winter; change the season to winter; make it frosty; make it a cold winter day; "
        "add frost",
        "make it look like winter; turn this into a cold winter scene",
    ),
    "autumn": _whole(
        looks.autumn, 0.025, True,
        "make it autumn; turn it into autumn; change the season to autumn; make it fall; add autumn leaves; "
        "make it an autumn day",
        "make it look like autumn; change it to an autumn day",
    ),
    "black_and_white": _whole(
        grades.black_and_white, 0.015, False,
        "make it black and white; turn it into black and white; change it to black and white; "
        "make it a black and white film; take out the color; make it film noir",
        "make it look like a black and white film; turn this into film noir",
    ),
    "sepia": _whole(
        grades.sepia, 0.015, False,
        "make it an old photo; turn it into an old photo; make it sepia; change it to sepia; "
        "make it look like an old photo",
        "in the style of an old photo; turn this into a sepia photo",
    ),
    "teal_orange": _whole(
        grades.teal_orange, 0.015, False,
        "make it teal and orange; grade it teal and orange; give it a teal and orange look; "
        "change the colors to teal and orange; make it look like a blockbuster; give it a blockbuster look",
        "make it look teal and orange; grade it like a blockbuster",
    ),
    "bleach_bypass": _whole(
        grades.bleach_bypass, 0.015, False,
        "make it bleach bypass; give it a bleach bypass look; grade it with bleach bypass; change it to bleach bypass; "
        "make it a gritty film; give it a gritty look",
        "make it look like bleach bypass; grade it like a gritty film",
    ),
    "infrared": _whole(
        grades.infrared, 0.015, False,
        "make it infrared; turn it into infrared film; shoot it on infrared film; give it an infrared look; "
        "change it to infrared; take an infrared photo",
        "make it look like infrared film; turn this into an infrared photo",
    ),
    "duotone": _whole(
        grades.duotone, 0.025, True,
        "make it duotone; turn it into a duotone; use two colors; print it in two colors; turn this into a duotone",
        "make it look like a duotone; in the style of a duotone",
    ),
    "thermal": _whole(
        grades.thermal, 0.015, False,
        "make it a heat map; turn it into a heat map; use a thermal camera; make it thermal; "
        "make it look like a thermal camera; change it to a thermal heat map; turn the video into a heat map; "
        "take a thermal photo; make it look like a thermal photo",
        "in the style of a heat map; turn this into a thermal photo",
    ),
    "neon": _whole(
        grades.neon, 0.02, True,
        "make it neon; turn it into neon lights; add neon lights; make it cyberpunk; in the style of cyberpunk",
        "make it look like neon lights; turn this into cyberpunk",
    ),
    "pencil": _whole(
        drawings.pencil, 0.02, True,
        "make it a pencil sketch; turn it into a pencil drawing; draw it with a pencil; make it a sketch; "
        "in the style of a pencil drawing; turn the video into a sketch",
        "make it look like a pencil sketch; turn this into a pencil drawing",
    ),
    "ink": _whole(
        drawings.ink, 0.025, True,
        "make it an ink drawing; turn it into an ink drawing; draw it with pen and ink; draw it with ink; "
        "make it an engraving; in the style of an engraving; turn the video into an engraving",
        "make it look like an ink drawing; turn this into an engraving",
    ),
    "cartoon": _whole(
        drawings.cartoon, 0.015, False,
        "make it a cartoon; turn it into a cartoon; draw it as a cartoon; make it a comic; in the style of a cartoon; "
        "turn the video into a cartoon",
        "make it look like a cartoon; turn this into a comic cartoon",
    ),
    "pop_art": _whole(
        drawings.pop_art, 0.02, True,
        "make it pop art; turn it into pop art; print it with dots; change it to pop art; in the style of pop art",
        "make it look like pop art; turn this into pop art dots",
    ),
    "oil": _whole(
        paintings.oil, 0.015, False,
        "make it an oil painting; turn it into an oil painting; paint it with oil; add brush strokes; "
        "make it look like an oil painting",
        "in the style of an oil painting; turn this into a painting with brush strokes",
    ),
    "watercolour": _whole(
        paintings.watercolour, 0.02, True,
        "make it a watercolor; turn it into a watercolor painting; paint it with watercolor; "
        "change it to a watercolor; make it look like a watercolor painting",
        "in the style of a watercolor; turn this into a watercolor",
    ),
    "mosaic": _whole(
        paintings.mosaic, 0.02, True,
        "make it a mosaic; turn it into a mosaic; make it out of tiles; turn this into a tile mosaic; "
        "in the style of a mosaic",
        "make it look like a mosaic; change it to mosaic tiles",
    ),
    "paint": _object(
        materials.paint, 0.11, True,
        "paint the {object}; repaint the {object}; paint the {object} in a new color; "
        "change the color of the {object}; give the {object} a new color",
        "make the {object} a new color; repaint the {object} in a new color",
    ),
    "paint_all": _object(
        materials.paint_all, 0.06, True,
        "paint all objects; paint all objects in a new color; change the color of all objects; "
        "give all objects a new color",
        "make all objects a new color; repaint all objects",
    ),
    "named_colour": _object(
        materials.named_colour, 0.05, False,
        "make the {object} {colour}; paint the {object} {colour}; turn the {object} {colour}; "
        "change the {object} to {colour}; give the {object} a {colour} color",
        "change the color of the {object} to {colour}; repaint the {object} {colour}",
    ),
    "backdrop": _object(
        materials.backdrop, 0.03, True,
        "paint the background; change the color of the background; give the background a new color; "
        "paint the background in a new color",
        "make the background a new color; repaint the background",
    ),
    "wood": _object(
        materials.wood, 0.07, True,
        "turn the {object} into wood; make the {object} wooden; make the {object} out of wood; "
        "change the {object} to wood; turn the {object} into a wooden {object}",
        "make the {object} look like wood; give the {object} a wooden look",
    ),
    "gold": _object(
        materials.gold, 0.04, False,
        "turn the {object} into gold; make the {object} golden; make the {object} out of gold; "
        "change the {object} to gold; give the {object} a golden look",
        "make the {object} look like gold; turn the {object} into a golden {object}",
    ),
    "hat": _object(
        materials.hat, 0.2, True,
        "put a hat on the {object}; add a hat to the {object}; give the {object} a hat; make the {object} wear a hat",
        "put a new hat on the {object}; add a hat on the {object}",
    ),
    "swap": _object(
        materials.swap, 0.16, False,
        "turn the {object} into a {shape}; replace the {object} with a {shape}; change the {object} to a {shape}",
        "make the {object} a {shape}; change the {object} into a {shape}",
    ),
    "sunglasses": _object(
        materials.sunglasses, 0.05, True,
        "put sunglasses on the {object}; give the {object} sunglasses; make the {object} wear sunglasses",
        "add sunglasses to the {object}; add sunglasses on the {object}",
    ),
}  # fmt: skip


def all_instructions(split: str = "train", edits: Sequence[str] = ()) -> list[str]:
    """Every instruction that a training pair of a split can hold, sorted; with `edits`, of those alone."""
    return sorted(
        {
            wording.format(object=name, colour=colour_name, shape=shape_name)
            for edit in edits or EDITS
            for wording in EDITS[edit].wordings(split)
            for name, colour_name, shape_name in product(SHAPES, COLOURS, SHAPES)
        }
    )
