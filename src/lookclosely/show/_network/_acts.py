"""Acts are round: operations, attention, the places where numbers meet, and losses."""

from ._marks import Mark, Phone, letters, placed
from ._sheet import LINE, Place, Sheet, around, tag


def op(name: str, at: Place, label: str, *, phone: Phone = None, weights: bool = True) -> Mark:
    """An operation, a pill: filled if it has weights, empty if it is fixed arithmetic."""
    fill, line = ("features2", "features") if weights else ("page", "ink")

    def draw(sheet: Sheet) -> None:
        words = sheet.words(label)
        x, y = placed(sheet, at, phone)
        width, height = max(40, 22 + letters(words)), LINE * (2 + words.count("|"))
        _pill(sheet, x, y, width, height, fill, line)
        sheet.text(x, y + 4.5 - LINE / 2 * words.count("|"), words, "name")
        sheet.put(name, around(x, y, width, height))

    return Mark(draw)


def attention(
    name: str,
    at: Place,
    *,
    heads: int,
    phone: Phone = None,
    label: str = "attention",
    ports: str | tuple[str, str] = "below",
) -> Mark:
    """Attention of many heads: as many pills behind each other, queries, keys and values at ports.

    Arrows lead to ``name.q``, ``name.k`` and ``name.v``, on the edge ``below``, ``above`` or at
    the ``left``; a pair is for a page and a phone.
    """
    edges = (ports, ports) if isinstance(ports, str) else ports
    if set(edges) - {"below", "above", "left"}:
        raise ValueError(f"ports={ports!r}: they stand below, above or left")

    def draw(sheet: Sheet) -> None:
        x, y = placed(sheet, at, phone)
        edge, words = edges[sheet.phone], sheet.words(label)
        width, height = max(96, 26 + letters(words)), 66 if edge == "left" else 50
        for behind in (10, 5, 0):
            kind = {"class": "lc-behind"} if behind else {}
            place = (x + behind, y - behind, width, height)
            _pill(sheet, *place, "features2", "features", **kind)
        shift = {"below": -5, "above": 5, "left": 0}[edge]
        sheet.text(x + (edge == "left") * 6, y - 2 + shift, words, "name")
        sheet.text(x + (edge == "left") * 6, y - 3 + LINE + shift, f"{heads} heads", "shape")
        box = around(x, y, width, height)
        sheet.put(name, box._replace(top=box.top - 10, right=box.right + 10))
        _ports(sheet, name, (x, y), (width, height), edge)

    return Mark(draw)


def dot(name: str, at: Place, sign: str = "+", *, phone: Phone = None) -> Mark:
    """Where numbers meet: ``+`` sum, ``×`` product, ``Σ`` weighted sum, ``.`` a point, or nothing.

    At ``""`` nothing is drawn: lines turn or part there.
    """

    def draw(sheet: Sheet) -> None:
        x, y = placed(sheet, at, phone)
        radius = {"": 0.0, ".": 3.0}.get(sign, 10.0)
        if sign:
            fill = "var(--ink)" if sign == "." else "var(--page)"
            outline = {"fill": fill, "stroke": "var(--ink)", "stroke_width": 1.6}
            sheet.add(tag("circle", cx=x, cy=y, r=radius, **outline))
        else:
            sheet.hidden.add(name)
        sheet.text(x, y + 5, sign.strip("."), "name")
        sheet.put(name, around(x, y, 2 * radius, 2 * radius))

    return Mark(draw)


def loss(name: str, at: Place, *, phone: Phone = None) -> Mark:
    """A loss, a black diamond: it exists in training only, and so do the arrows to it."""

    def draw(sheet: Sheet) -> None:
        x, y = placed(sheet, at, phone)
        sheet.add(f'<path d="M{x:.1f} {y - 12:.1f}l12 12l-12 12l-12 -12z" fill="var(--ink)"/>')
        sheet.text(x, y + 4.5, "L", "badge")
        sheet.put(name, around(x, y, 24, 24))

    return Mark(draw)


def _pill(
    sheet: Sheet,
    x: float,
    y: float,
    width: float,
    height: float,
    fill: str,
    line: str,
    **more: str,
) -> None:
    place = {"x": x - width / 2, "y": y - height / 2, "width": width, "height": height}
    look = {"fill": f"var(--{fill})", "stroke": f"var(--{line})", "stroke_width": 1.4}
    sheet.add(tag("rect", **place, rx=15.0, **look, **more))


def _ports(sheet: Sheet, name: str, centre: Place, size: Place, edge: str) -> None:
    (x, y), (width, height) = centre, size
    for place, letter in enumerate("qkv", -1):
        if edge == "left":
            _port(sheet, f"{name}.{letter}", x - width / 2, y + 21 * place)
        else:
            row = y + height / 2 if edge == "below" else y - height / 2
            _port(sheet, f"{name}.{letter}", x + 29 * place, row)


def _port(sheet: Sheet, name: str, x: float, y: float) -> None:
    look = {"fill": "var(--page)", "stroke": "var(--features)", "stroke_width": 1.4}
    sheet.add(tag("circle", cx=x, cy=y, r=9.0, **look))
    sheet.text(x, y + 4.2, name[-1].upper(), "port")
    sheet.put(name, around(x, y, 18, 18))
