"""Drawings of networks that choose where to look."""

from lookclosely import show


def captioner() -> show.Drawing:
    said = ["disc", "left", "of", "square"]
    marks = [
        show.block(
            "image",
            (0.9, 6.3),
            (3, 512, 512),
            phone=(0.9, 0.9),
            role="data",
            label="3 × H × W",
            picture="scene",
        ),
        show.op("cnn", (2.75, 6.3), "CNN", phone=(2.75, 0.9)),
        show.block("map", (4.5, 6.3), (512, 64, 64), phone=(4.35, 0.9), label="512 × 4²"),
        show.op("start", (4.3, 2.3), "mean,|fc ×2", phone=(6.1, 0.9)),
        show.word("w0", (4.3, 0.5), "start", role="data", phone=(6.9, 2.7)),
        show.dot("bus", (4.9, 6.3), "", phone=(0.2, 2.5)),
    ]
    for t, word in enumerate(said):
        x, y = 6.8 + 2.6 * t, 4.3 + 2.2 * t
        n = "₁₂₃₄"[t]
        marks += [
            show.block(
                f"k{t}",
                (x, 4.6),
                (1, 256, 256),
                phone=(1.5, y),
                role="places",
                label="",
                picture=f"look{t}",
            ),
            show.dot(f"s{t}", (x, 3.55), "Σ", phone=(3, y)),
            show.op(f"c{t}", (x, 2.3), "LSTM", phone=(4.75, y)),
            show.word(f"w{t + 1}", (x, 0.5), word, phone=(6.72, y)),
            show.note((x - 0.75, 3.75), f"α{n}", phone=(2.35, y - 0.3), bold=True),
            show.note((x + 0.4, 3.0), f"z{n}", phone=(3.6, y - 0.3), bold=True),
        ]
    steps = range(4)
    return show.network(
        marks,
        show.share([f"c{t}" for t in steps]),
        arrows="image -> cnn -> map -> start\n"
        "[wide] start -> c0: <h₀\n[phone] start ->s7 c0\n[phone] map =>v bus\n"
        "[wide] start ->z3 k0\n[phone] start ->s6 k0\n"
        + "\n".join(
            f"[wide] map =>h k{t}\n[phone] bus =>v k{t}\nk{t} -> s{t} -> c{t} -> w{t + 1}\n"
            f"[wide] w{t} ->z8 c{t}\n[phone] w{t} ->s6 c{t}"
            for t in steps
        )
        + "".join(
            f"\nc{t} -> c{t + 1}: <h{'₁₂₃'[t]}\n[wide] c{t} ->z3 k{t + 1}"
            f"\n[phone] c{t} ->s3 k{t + 1}"
            for t in steps[:3]
        ),
        name="An LSTM with soft attention",
        alt="A CNN makes features of 4 × 4 places. At each of four steps the last state of the "
        "LSTM weighs the places (α, shown over the picture), Σ adds the features with these "
        "weights (z), and the LSTM reads z and the last word and says the next: disc, left, "
        "of, square. The weights W are the same at all steps; the first state comes from the "
        "mean feature.",
    )


def transformer_of_space() -> show.Drawing:
    return show.network(
        show.block(
            "u",
            (1, 3.2),
            (3, 64, 64),
            phone=(1, 1),
            role="data",
            label="U: C × H × W",
            picture="turned",
        ),
        show.op("loc", (4.2, 1), "localiser", phone=(4.9, 1)),
        show.vector(
            "theta", (7, 1), "θ: 2 × 3", phone=(4.9, 2.5), cells=6, role="places", across=True
        ),
        show.op("grid", (9.7, 1), "grid", weights=False, phone=(4.9, 4.1)),
        show.block(
            "places",
            (11.9, 1),
            (2, 64, 64),
            phone=(4.9, 6),
            role="places",
            label="H′ × W′ places",
            picture="grid",
        ),
        show.op("sample", (11.9, 3.2), "sampler", weights=False, phone=(4.9, 8.1)),
        show.block(
            "v",
            (14.4, 3.2),
            (3, 64, 64),
            phone=(4.9, 10.3),
            role="data",
            label="V: C × H′ × W′",
            picture="upright",
        ),
        show.frame(
            ["loc", "theta", "places", "sample"],
            "spatial transformer",
            corner=("sw", "nw"),
            pad=(16, 10, 12, 12),
            phone_pad=(42, 10, 42, 14),
        ),
        show.note((7.4, 2.7), "the value at (x, y) of V is U’s at θ · (x, y, 1) //"),
        arrows="""
            [wide] u ->z4^ loc
            [phone] u -> loc
            loc -> theta -> grid -> places -> sample -> v
            [wide] u => sample
            [phone] u =>v sample: copy
        """,
        name="A spatial transformer",
        alt="The map U goes two ways. A small network, the localiser, reads it and gives six "
        "numbers θ, which bend a regular grid of H′ × W′ places. The sampler reads U at these"
        " places, between its pixels, and gives V: the digit, upright.",
    )


def detr() -> show.Drawing:
    return show.network(
        show.block(
            "image",
            (0.9, 6.9),
            (3, 800, 1066),
            phone=(0.9, 1),
            role="data",
            label="image",
            picture="scene",
        ),
        show.block("map", (4.2, 6.94), (256, 25, 34), phone=(4.75, 1)),
        show.block(
            "where", (5.9, 4.7), (256, 25, 34), phone=(1, 3.0), role="places", label="positions"
        ),
        show.dot("sum", (5.9, 6.06), phone=(3.45, 3.0)),
        show.attention("enc", (8.6, 6.5), heads=8, ports=("left", "above"), phone=(4.1, 4.7)),
        show.op("ffn", (11.4, 6.5), "FFN", phone=(4.1, 6.3)),
        show.frame(["enc", "ffn"], "encoder × 6", pad=(20, 10, 12, 6), phone_pad=(44, 18, 6, 6)),
        show.block(
            "queries",
            (0.9, 2.4),
            (256, 100, 1),
            phone=(0.6, 6.3),
            role="places",
            label="100 queries",
        ),
        show.attention(
            "self",
            (4.3, 2.4),
            heads=8,
            ports=("left", "above"),
            phone=(1.3, 9.4),
            label="attention",
        ),
        show.attention("cross", (8.6, 1.2), heads=8, ports=("below", "above"), phone=(4.6, 11.6)),
        show.op("ffn2", (11.4, 1.2), "FFN", phone=(4.6, 13.2)),
        show.frame(
            ["self", "cross", "ffn2"], "decoder × 6", pad=(20, 10, 12, 0), phone_pad=(10, 18, 6, 6)
        ),
        show.vector("class", (13.9, 0.8), "100 × (C + 1)", role="answer", phone=(3, 15.3)),
        show.vector("box", (13.9, 2.8), "100 × 4", role="answer", cells=4, phone=(6.2, 15.3)),
        show.op("match", (13.9, 4.8), "match", weights=False, phone=(4.6, 17.2)),
        show.loss("loss", (12, 4.8), phone=(4.6, 18.4)),
        arrows="""
            image -> map: ResNet // ResNet
            [wide] map ->z3 sum
            [phone] map ->s1 sum
            where -> sum
            [wide] map -> enc.v
            [phone] map -> enc.v
            sum -> enc.q
            [wide] sum ->z7 enc.k
            [phone] sum ->s enc.k
            enc -> ffn
            [wide] queries ->z self.q
            [wide] queries -> self.k
            [wide] queries ->z self.v
            [phone] queries ->s self.q
            [phone] queries ->s self.k
            [phone] queries ->s self.v
            [wide] self ->h cross.q
            [phone] self ->s3 cross.q
            ffn ->s3 cross.k
            ffn ->s3 cross.v
            cross -> ffn2
            [wide] ffn2 ->z class
            [wide] ffn2 ->z box
            [phone] ffn2 ->s class
            [phone] ffn2 ->s box
            [wide] class ..>d5 match
            [wide] box ..> match
            [phone] class ..>s match
            [phone] box ..>s match
            match ..> loss
        """,
        name="DETR",
        alt="A ResNet gives 256 features at 25 × 34 places. Positions are added to them for "
        "queries and keys; six encoder layers of attention with eight heads and a small "
        "network follow. In the decoder 100 learnt queries attend to each other, then to the "
        "encoder’s output, six times. Each gives a class, or none, and a box. In training "
        "they are matched with the true boxes one to one, and the matched pairs have the "
        "loss.",
    )
