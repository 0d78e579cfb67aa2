"""Every demo's answer, computed again from what the page itself says under each picture."""

import itertools
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup

from built_site import HTML, chapters

pytestmark = pytest.mark.book

Texts = dict[tuple[str, ...], str]


def numbers(text: str) -> list[float]:
    return [float(n.replace(",", "")) for n in re.findall(r"\d[\d,]*(?:\.\d+)?", text)]


def found(pattern: str, text: str) -> float:
    match = re.search(pattern, text)
    assert match, f"{pattern} is not in {text}"
    return float(match[1].replace(",", "").rstrip("."))  # the end of a sentence


def smallest(texts: Texts, holds: Callable[[str], bool], at: int = 0) -> str:
    """The first value of a control whose text holds; the others are the same in all `texts`."""
    return next(key[at] for key, text in texts.items() if holds(text))


def only(texts: Texts, **fixed: str) -> Texts:
    """The texts in which some controls, `c0` for the first, have these values."""
    places = {int(name[1:]): value for name, value in fixed.items()}
    return {k: t for k, t in texts.items() if all(k[i] == v for i, v in places.items())}


def largest(texts: Texts, pattern: str, at: int = 0, sign: int = 1) -> str:
    return max(texts, key=lambda key: sign * found(pattern, texts[key]))[at]


def rounds(texts: Texts, guesses: list[str]) -> str:
    kept = [
        {
            letter
            for text in only(texts, c0=threshold).values()
            for letter in re.findall("keep ([a-e])", text)
        }
        for threshold in ("0.5", "0.6")
    ]
    back = sorted(kept[1] - kept[0])
    return {0: "none", 1: "".join(back), 2: "both"}[len(back)]


def thinned(texts: Texts, guesses: list[str]) -> str:
    first, last = (
        [found(rf"([\d.]+)% {when}", text) for when in ("before", "after")]
        for text in (texts[("0.5",)], texts[("4",)])
    )
    ways = {(1, 1): "both rise", (0, 0): "both fall", (1, 0): "before rises, after falls"}
    return ways[int(last[0] > first[0]), int(last[1] > first[1])]


def survivors(texts: Texts, guesses: list[str]) -> str:
    return smallest(texts, lambda t: "2 of 2" in t)


def separated(texts: Texts, guesses: list[str]) -> str:
    low, high = (
        [found(rf"{curve} (\d+)%", texts[jitter, "crowded"]) for curve in ("copies", "neighbours")]
        for jitter in ("0.05", "0.2")
    )
    names = {(1, 1): "both", (1, 0): "that of the copies", (0, 1): "that of the neighbours"}
    copies, neighbours = (int(abs(a - b) > 10) for a, b in zip(low, high))
    return names.get((copies, neighbours), "neither")


def costs(texts: Texts, guesses: list[str]) -> str:
    near, far = texts["5", "2"], texts["20", "2"]
    pattern = r"(?<!smooth ){}\s([\d.]+)"
    moved = {name: pattern.format(name) for name in ("L1", "L2")}
    moved["smooth L1"] = r"smooth L1 ([\d.]+)"
    return max(moved, key=lambda name: found(moved[name], far) - found(moved[name], near))


def levels(texts: Texts, guesses: list[str]) -> str:
    level = largest(only(texts, c0="Laplacian"), r"deviation: ([\d.]+)", at=1)
    return next(guess for guess in guesses if guess.startswith(f"level {level}"))


def regions(texts: Texts, guesses: list[str]) -> str:
    share = found(r": ([\d,]+) super", texts["300", "100"])
    share /= found(r": ([\d,]+) super", texts["300", "1"])
    return guesses[0] if share <= 0.1 else guesses[1] if share < 0.75 else guesses[2]


def stitched(texts: Texts, guesses: list[str]) -> str:
    return smallest(only(texts, c1="2"), lambda t: numbers(t)[2] == numbers(t)[3])


def slide(texts: Texts, guesses: list[str]) -> str:
    patches, once = r"by patch ([\d.,]+) m", r"one pass ([\d.,]+) m"
    return smallest(only(texts, c1="27"), lambda t: found(patches, t) < found(once, t))


def ask(texts: Texts, guesses: list[str]) -> str:
    return smallest(only(texts, c0="detection"), lambda t: "(1, 4)" in t, at=1)


def sliding(texts: Texts, guesses: list[str]) -> str:
    return str(texts["1", "1", "1"].count("·"))


def filtered(texts: Texts, guesses: list[str]) -> str:
    same = {kernel for (kernel, turned), t in texts.items() if "is the same" in t}
    return " and ".join(guess for guess in guesses if guess in same)


def grown(texts: Texts, guesses: list[str]) -> str:
    narrow, wide = (found(r"coffee (\d+)%", texts["10", "15", w]) for w in ("0.1", "0.2"))
    return guesses[int(wide > narrow)]


def activation(texts: Texts, guesses: list[str]) -> str:
    unpooled = [layer for layer, _ in texts if "unpool" in layer][-1]
    share = max(found(r"(\d+)% of", t) for t in only(texts, c0=unpooled).values())
    return guesses[0] if share <= 25 else guesses[1] if share <= 60 else guesses[2]


def paths_seen(texts: Texts, guesses: list[str]) -> str:
    said = {guess: texts[tuple(guess.split(", "))] for guess in guesses}
    whole = {guess: t for guess, t in said.items() if re.search(r"\b0 pixels are holes", t)}
    return max(whole, key=lambda guess: found(r"field of (\d+)", whole[guess]))


def skips_on(texts: Texts, guesses: list[str]) -> str:
    mean = {g: sum(found(r"(\d+) %", t) for t in only(texts, c0=g).values()) for g in guesses}
    return max(mean, key=mean.__getitem__)


def drag(texts: Texts, guesses: list[str]) -> str:
    disc = only(texts, c1="disc", c2="48")
    return smallest(disc, lambda t: found(r"IoU ([\d.]+)", t) < 0.5)


def stamps(texts: Texts, guesses: list[str]) -> str:
    return smallest(only(texts, c1="9"), lambda t: " 0 cells" in t)


def gathered(texts: Texts, guesses: list[str]) -> str:
    met = [found(r"meets (\d) of", t) for t in only(texts, c1="2", c2="1").values()]
    return f"{max(met):.0f}"


def overlap(texts: Texts, guesses: list[str]) -> str:
    inside = only(texts, c1="2", c2="0")
    return " and ".join(g for g in guesses if "uneven" not in inside[g, "2", "0"])


def by_colour(texts: Texts, guesses: list[str]) -> str:
    """Other scenes than the chapter's, and the nearest of 200 pixels in place of the means."""
    import torch

    from lookclosely.data import scenes

    def share(**knobs: Any) -> float:
        config = scenes.Config(**knobs)
        drawn = [scenes.draw(index, seed=2, config=config) for index in range(40)]
        pixels = torch.cat([scene.image.flatten(1).T for scene in drawn])
        classes = torch.cat([scene.semantic.flatten() for scene in drawn])
        pixels, classes = pixels[classes > 0], classes[classes > 0]
        half = len(pixels) // 2
        known = torch.linspace(0, half - 1, 200).long()
        nearest = known[torch.cdist(pixels[half:], pixels[known]).argmin(1)]
        return float((classes[nearest] == classes[half:]).float().mean())

    knobs = [{"objects": (1, 1)}, {"independent": False}, {"noise": 0.02}]
    shares = [share(**each) for each in knobs]
    return guesses[shares.index(max(shares))]


ANSWERS: dict[str, Callable[[Texts, list[str]], str]] = {
    "rounds": rounds,
    "thinned": thinned,
    "survivors": survivors,
    "separated": separated,
    "costs": costs,
    "weighted": lambda texts, _: largest(texts, r"both right ([\d.]+)"),
    "levels": levels,
    "regions": regions,
    "stitched": stitched,
    "slide": slide,
    "ask": ask,
    "knobs": by_colour,
    "sliding": sliding,
    "filtered": filtered,
    "grown": grown,
    "progress": lambda texts, _: largest(only(texts, c1="1"), r"^([\d,]+) of", sign=-1),
    "activation": activation,
    "merge some": lambda texts, _: largest(only(texts, c1="50"), r"(\d+)% of"),
    "paths seen": paths_seen,
    "skips on": skips_on,
    "drag": drag,
    "stamps": stamps,
    "gathered": gathered,
    "overlap": overlap,
    "cut skips": lambda texts, guesses: largest(
        {k: t for k, t in texts.items() if k[0] in guesses}, r": ([\d.]+)\.", sign=-1
    ),
    "pool and back": lambda texts, _: largest(only(texts, c1="2"), r"([\d.]+) dB"),
}


def demos() -> list[Any]:
    pages = [HTML / path for path in chapters()]
    soups = [BeautifulSoup(p.read_text(), "html.parser") for p in pages if p.is_file()]
    return [demo for soup in soups for demo in soup.select(".lc-demo")]


def test_every_demo_of_the_book_asks() -> None:
    found_demos = demos()
    assert found_demos and all(demo.has_attr("data-answer") for demo in found_demos)
    assert {demo["data-name"] for demo in found_demos} == set(ANSWERS)


@pytest.mark.parametrize("name", ANSWERS)
def test_the_answer_is_what_the_pictures_say(name: str) -> None:
    (demo,) = [each for each in demos() if each["data-name"] == name]
    assert computed_again(demo) == demo["data-answer"]


def computed_again(demo: Any) -> str:
    values = [json.loads(control["data-values"]) for control in demo.select("[data-values]")]
    texts = [frame.get("data-text", "") for frame in demo.select(".lc-demo-frame")]
    guesses = [button["data-guess"] for button in demo.select(".lc-demo-guesses button")]
    keys = list(itertools.product(*values))
    assert len(keys) == len(texts)
    return ANSWERS[demo["data-name"]](dict(zip(keys, texts, strict=True)), guesses)
