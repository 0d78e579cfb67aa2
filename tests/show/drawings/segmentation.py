"""Drawings of networks that say what every pixel is."""

from lookclosely import show


def unet() -> show.Drawing:
    levels = [(16, 256, 0.7), (32, 128, 3.1), (64, 64, 5.4), (128, 32, 7.5)]  # C, side, row
    marks = [
        show.block(
            "image", (0.6, 0.7), (1, 256, 256), phone=(1, 0.7), role="data", picture="nuclei"
        ),
        show.block(
            "out",
            (14.6, 0.7),
            (2, 256, 256),
            phone=(6.4, 0.7),
            role="answer",
            picture="nuclei mask",
        ),
    ]
    for k, (c, n, y) in enumerate(levels):
        marks.append(show.block(f"e{k}", (3.7, y), (c, n, n), phone=(1, y + 2.4)))
        if k < 3:
            both = (c, n, n), (c, n, n)
            marks.append(show.glue(f"g{k}", (8.8, y), *both, phone=(3.8, y + 2.4)))
            marks.append(show.block(f"d{k}", (11.75, y), (c, n, n), phone=(6.4, y + 2.4)))
    return show.network(
        marks,
        arrows="""
            image -> e0: conv ×2
            e0 -> e1 -> e2 -> e3: pool, conv ×2 // pool,|conv ×2
            e0 => g0: copy
            e1 => g1: copy
            e2 => g2: copy
            g0 -> d0: conv ×2 //
            g1 -> d1: conv ×2 //
            g2 -> d2: conv ×2
            e3 -> g2: up-conv 2×2
            d2 ->s g1: up
            d1 ->s g0: up
            d0 -> out: conv 1×1 // <conv 1×1
        """,
        name="U-Net",
        alt="The image, 1 × 256 × 256, goes down through four levels of 16, 32, 64 and 128 "
        "channels; each pooling halves the sides. On the way up each level is doubled by a "
        "2×2 up-convolution, glued to a copy of the level on the left, and convolved twice. A"
        " 1×1 convolution gives 2 × 256 × 256 scores.",
    )


def fcn() -> show.Drawing:
    stages = [
        ("pool3", 256, 64, 5.2, 3.2),
        ("pool4", 512, 32, 9, 5.2),
        ("conv7", 4096, 16, 13.2, 7.2),
    ]
    marks = [
        show.block(
            "image", (1.1, 0.9), (3, 512, 512), phone=(1.1, 0.9), role="data", picture="scene"
        ),
        show.block(
            "labels",
            (1.1, 4.9),
            (21, 512, 512),
            phone=(6.6, 0.9),
            role="answer",
            label="C × 512²",
            picture="labels",
        ),
        show.dot("sum3", (5.2, 4.9), phone=(6.6, 3.2)),
        show.dot("sum4", (9, 4.9), phone=(6.6, 5.2)),
        show.note((9, 5.5), "×16 from here: FCN-16s // ×16 here:|FCN-16s", phone=(5.5, 5.75)),
        show.note((13.2, 5.5), "×32 from here: FCN-32s // ×32 here: FCN-32s", phone=(5.6, 7.75)),
    ]
    for name, c, n, x, y in stages:
        seen, scores = f"{name}: {c} × {n}²", f"C × {n}²"
        marks += [
            show.block(name, (x, 0.9), (c, n, n), phone=(1.1, y), label=seen),
            show.block(f"C{n}", (x, 3.1), (21, n, n), phone=(4, y), role="answer", label=scores),
        ]
    return show.network(
        marks,
        arrows="""
            image -> pool3: conv, pool, ×3
            pool3 -> pool4: conv, pool
            pool4 -> conv7: conv, pool, conv 7×7 // conv, pool,|conv 7×7
            pool3 -> C64: conv 1×1
            pool4 -> C32: conv 1×1
            conv7 -> C16: conv 1×1
            C64 -> sum3
            C32 -> sum4
            [wide] C16 ->v sum4: up ×2
            [phone] C16 -> sum4: up ×2
            sum4 -> sum3: up ×2
            sum3 -> labels: up ×8
        """,
        name="FCN-8s",
        alt="VGG-16 takes the image down to 1/8 (pool3), 1/16 (pool4) and 1/32 (conv7). A 1×1 "
        "convolution scores C classes on each. The coarsest scores are enlarged twice and "
        "added to those of pool4, the sum is enlarged twice and added to those of pool3, and "
        "this sum is enlarged eight times to the size of the image.",
    )


def three_scales() -> show.Drawing:
    marks = [
        show.block(
            "image", (0.9, 3.2), (3, 256, 256), phone=(3.6, 0.9), role="data", picture="scene"
        )
    ]
    for n, row, x in [(256, 0.9, 1), (128, 3.2, 3.6), (64, 5.2, 6.2)]:
        side, small = n // 4, {"role": "data", "picture": "scene"}
        marks += [
            show.block(f"x{n}", (3.6, row), (3, n, n), phone=(x, 3.3), **small),
            show.op(f"net{n}", (5.8, row), "net", phone=(x, 5.1)),
            show.block(f"f{n}", (7.9, row), (256, side, side), phone=(x, 6.7)),
        ]
    return show.network(
        marks,
        show.share(["net256", "net128", "net64"]),
        show.glue(
            "all",
            (11.9, 3.2),
            *[(256, 64, 64)] * 3,
            phone=(3.6, 9.6),
            roles=("features",),
            label="3 · 256 × 64²",
        ),
        show.block(
            "labels", (14.7, 3.2), (8, 64, 64), phone=(3.6, 11.6), role="answer", picture="labels"
        ),
        arrows="""
            [wide] image ->z x256
            [wide] image ->z x64
            [phone] image ->s x256
            [phone] image ->s x64
            image -> x128
            x256 -> net256 -> f256
            x128 -> net128 -> f128
            x64 -> net64 -> f64
            [wide] f256 ->z9 all
            [wide] f64 ->z9 all: up ×4
            [phone] f256 ->s8 all
            [phone] f64 ->s8 all: up ×4
            f128 -> all: up ×2
            all -> labels: conv 1×1
        """,
        name="Three scales, one net",
        alt="The image is seen at full, half and a quarter of its size. The same net, with the "
        "same weights, reads all three and gives 256 features at each place. The two coarse maps "
        "are enlarged two and four times and glued to the finest; a 1×1 convolution scores 8 "
        "classes.",
    )


def deconvnet() -> show.Drawing:
    levels = [
        (64, 224, 0.8),
        (128, 112, 3.05),
        (256, 56, 5.1),
        (512, 28, 6.95),
        (512, 14, 8.6),
        (512, 7, 10.15),
    ]
    marks = [
        show.block(
            "image", (0.9, 0.8), (3, 224, 224), phone=(0.9, 0.8), role="data", picture="scene"
        ),
        show.block(
            "out", (14.4, 0.8), (21, 224, 224), phone=(6.6, 0.8), role="answer", picture="labels"
        ),
        show.block("code", (7.6, 10.15), (4096, 1, 1), phone=(3.75, 12.55)),
    ]
    for k, (c, n, y) in enumerate(levels):
        marks += [
            show.block(f"e{k}", (4.2, y), (c, n, n), phone=(0.9, y + 2.4)),
            show.block(f"d{k}", (11, y), (c, n, n), phone=(6.6, y + 2.4)),
        ]
    return show.network(
        marks,
        arrows="""
            image -> e0: conv ×2
            e0 -> e1 -> e2 -> e3 -> e4: pool, conv // pool
            e4 -> e5: pool
            e0 => d0: switches
            e1 => d1
            e2 => d2
            e3 => d3
            e4 => d4
            e5 -> code: conv 7×7 // 7×7
            code -> d5: deconv 7×7 // 7×7
            d5 -> d4 -> d3 -> d2 -> d1 -> d0: unpool, deconv // <unpool
            d0 -> out: deconv ×2 // <deconv ×2
        """,
        name="DeconvNet’s mirror",
        alt="VGG-16 takes the image of 224 × 224 down through five poolings to 512 × 7 × 7 and a "
        "code of 4096 numbers. The mirror of it goes up again: a deconvolution to 7 × 7, then"
        " five times unpooling, which puts each value back where its maximum was (the "
        "switches, copied from the left), and deconvolutions. The last gives scores of 21 "
        "classes.",
    )


def recurrent() -> show.Drawing:
    return show.network(
        show.block(
            "image", (1.2, 2), (3, 133, 133), phone=(3.6, 0.9), role="data", picture="scene"
        ),
        show.glue(
            "both",
            (4.6, 2),
            (3, 133, 133),
            (8, 133, 133),
            phone=(3.6, 3.2),
            roles=("data", "answer"),
        ),
        show.op("f", (8, 2), "net f", phone=(3.6, 5.3)),
        show.op("again", (8, 0.4), "shrink", weights=False, phone=(6.6, 3.2)),
        show.block(
            "labels", (11.4, 2), (8, 133, 133), phone=(3.6, 7.1), role="answer", picture="labels"
        ),
        arrows="""
            image -> both -> f -> labels
            [wide] labels ->v again
            [wide] again -> both
            [phone] labels -> again
            [phone] again -> both
        """,
        name="A net that reads its own labels",
        alt="The image and the labels of the round before are glued together and read by the net "
        "f, which gives new labels. They are shrunk and read again, with the same weights.",
    )
