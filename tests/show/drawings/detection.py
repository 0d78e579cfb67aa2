"""Drawings of networks that find objects and outline them."""

from lookclosely import show


def rcnn() -> show.Drawing:
    return show.network(
        show.block(
            "image", (0.9, 0.9), (3, 375, 500), phone=(0.9, 0.9), role="data", picture="scene"
        ),
        show.op("search", (3.9, 0.9), "selective|search", weights=False, phone=(3.7, 0.9)),
        show.block(
            "boxes",
            (7, 0.9),
            (1, 375, 500),
            phone=(6.6, 0.9),
            role="answer",
            label="2000 boxes",
            picture="proposals",
        ),
        show.op("warp", (3.3, 4.2), "crop, warp", weights=False, phone=(3.7, 3.2)),
        show.block("crop", (5.9, 4.2), (3, 227, 227), phone=(3.7, 5), role="data", picture="crop"),
        show.op("cnn", (8.3, 4.2), "AlexNet", phone=(3.7, 6.8)),
        show.vector("code", (10.3, 4.2), "4096", cells=6, phone=(3.7, 8.2), across=False),
        show.op("svm", (12.5, 3.4), "SVMs", phone=(1.6, 10)),
        show.op("ridge", (12.5, 5.1), "regression", phone=(5.8, 10)),
        show.vector("class", (15, 3.4), "scores", role="answer", phone=(1.6, 11.6)),
        show.vector("box", (15, 5.1), "box", role="answer", cells=4, phone=(5.8, 11.6)),
        show.frame(
            ["warp", "svm", "ridge", "class", "box"],
            "for each box",
            corner="sw",
            pad=(12, 12, 14, 0),
        ),
        arrows="""
            image -> search -> boxes
            image =>v warp
            [wide] boxes ->s3 warp
            [phone] boxes ->v warp
            warp -> crop -> cnn -> code
            [wide] code ->z3 svm
            [wide] code ->z3 ridge
            [phone] code ->s svm
            [phone] code ->s ridge
            svm -> class
            ridge -> box
        """,
        name="R-CNN",
        alt="Selective search proposes about 2000 boxes. For each box the image is cropped and "
        "warped to 227 × 227, AlexNet turns the crop into 4096 numbers, linear SVMs score the"
        " classes and a regression corrects the box.",
    )


def rpn() -> show.Drawing:
    size = (38, 50)
    return show.network(
        show.block("map", (0.9, 3), (512, *size), phone=(0.9, 0.9), label="512 × 38 × 50"),
        show.op("slide", (3.5, 3), "conv 3×3", phone=(3.7, 0.9)),
        show.block("hidden", (6, 3), (512, *size), phone=(6.5, 0.9)),
        show.op("a", (8.4, 1.6), "conv 1×1", phone=(1.9, 3)),
        show.op("b", (8.4, 4.4), "conv 1×1", phone=(5.5, 3)),
        show.block(
            "scores", (10.9, 1.6), (18, *size), phone=(1.9, 4.9), role="answer", label="2·9 scores"
        ),
        show.block(
            "offsets",
            (10.9, 4.4),
            (36, *size),
            phone=(5.5, 4.9),
            role="answer",
            label="4·9 offsets",
        ),
        show.loss("l1", (8.4, 0.2), phone=(0.05, 4.9)),
        show.loss("l2", (8.4, 5.95), phone=(7.2, 4.9)),
        show.block(
            "anchors",
            (14, 5.2),
            (1, *size),
            phone=(1, 7.2),
            role="data",
            label="9 anchors a place",
            picture="proposals",
        ),
        show.op("nms", (14, 3), "move, NMS", weights=False, phone=(3.7, 7.2)),
        show.block(
            "boxes",
            (14, 0.8),
            (1, *size),
            phone=(6.5, 7.2),
            role="answer",
            label="300 proposals",
            picture="boxes",
        ),
        arrows="""
            map -> slide -> hidden
            [wide] hidden ->z a
            [wide] hidden ->z b
            [phone] hidden ->s a
            [phone] hidden ->s b
            a -> scores
            b -> offsets
            [wide] scores ..>v l1
            [wide] offsets ..>v l2
            [phone] scores ..> l1
            [phone] offsets ..> l2
            [wide] scores ->z nms
            [wide] offsets ->z nms
            [phone] scores ->s nms
            [phone] offsets ->s nms
            anchors -> nms -> boxes
        """,
        name="A region proposal network",
        alt="A 3×3 convolution slides over the features. At each of 38 × 50 places two 1×1 "
        "convolutions give, for nine anchors, two scores (object or not) and four offsets. "
        "The offsets move the anchors, the best boxes are kept by NMS: 300 proposals. Scores "
        "and offsets have a loss each.",
    )


def fpn() -> show.Drawing:
    levels = [(5, 2048, 25, 0.5), (4, 1024, 50, 2), (3, 512, 100, 3.6), (2, 256, 200, 5.4)]
    marks = [
        show.block("image", (1.3, 7.7), (3, 800, 800), phone=(1, 7.7), role="data", picture="scene")
    ]
    for k, c, n, y in levels:
        marks += [
            show.block(f"C{k}", (1.3, y), (c, n, n), phone=(1, y), label=f"C{k}: {c} × {n}²"),
            show.dot(f"m{k}", (6, y), "+" if k < 5 else ".", phone=(2.9, y)),
            show.block(f"P{k}", (9.4, y), (256, n, n), phone=(4.65, y), label=f"P{k}: 256 × {n}²"),
            show.op(f"h{k}", (13.4, y), "head", phone=(6.75, y)),
        ]
    return show.network(
        marks,
        show.share([f"h{k}" for k in (5, 4, 3, 2)]),
        arrows="""
            image -> C2: ResNet
            C2 -> C3 -> C4 -> C5
            C5 -> m5: conv 1×1 //
            C4 -> m4: conv 1×1 //
            C3 -> m3: conv 1×1 // 1×1
            C2 -> m2: conv 1×1 // 1×1
            m5 -> m4 -> m3 -> m2: up ×2
            m5 -> P5: conv 3×3 //
            m4 -> P4: conv 3×3 //
            m3 -> P3: conv 3×3 // 3×3
            m2 -> P2: conv 3×3 // 3×3
            P5 -> h5
            P4 -> h4
            P3 -> h3
            P2 -> h2
        """,
        name="A feature pyramid",
        alt="Bottom-up, a ResNet turns the image into C2 to C5, of 256 to 2048 channels at 1/4 to"
        " 1/32 of the size. A 1×1 convolution brings each to 256 channels; from the top down "
        "each map is enlarged twice and added to the next; a 3×3 convolution gives P2 to P5. "
        "The same head reads all four.",
    )


def cornernet() -> show.Drawing:
    marks = [
        show.block(
            "image", (0.8, 4.55), (3, 511, 511), phone=(6.7, 0.9), role="data", picture="scene"
        ),
        show.op("hour", (2.9, 4.55), "hourglass", phone=(4, 0.9)),
        show.block("map", (5.1, 4.55), (256, 128, 128), phone=(1.3, 0.9)),
        show.op("group", (13.9, 4.55), "group", weights=False, phone=(6.75, 6.55)),
        show.block(
            "boxes",
            (13.9, 6.8),
            (1, 511, 511),
            phone=(6.6, 8.9),
            role="answer",
            label="boxes",
            picture="boxes",
        ),
    ]
    for which, row, down, faces in (
        ("top-left", 2.2, 4.2, "corners"),
        ("bottom-right", 6.9, 8.9, "far corners"),
    ):
        marks.append(
            show.op(
                f"{which}", (7.8, row), f"{which}|corner pool", weights=False, phone=(1.3, down)
            )
        )
        for j, (what, c) in enumerate((("heat", 80), ("embed", 1), ("offset", 2))):
            words = ("heat maps: C", "embedding: 1", "offsets: 2")[j]
            marks.append(
                show.block(
                    f"{what} {which}".replace(" ", "-"),
                    (10.7, row + 1.55 * (j - 1)),
                    (c, 128, 128),
                    phone=(4.5, down + 1.5 * (j - 1)),
                    role="answer",
                    label=words,
                    picture=faces if j == 0 else None,
                )
            )
    ends = [
        f"{what}-{which}"
        for which in ("top-left", "bottom-right")
        for what in ("heat", "embed", "offset")
    ]
    return show.network(
        marks,
        arrows="image -> hour -> map\n"
        "[wide] map ->z4 top-left\n[wide] map ->z4 bottom-right\n"
        "[phone] map -> top-left\n[phone] map ->c2 bottom-right\n"
        "group -> boxes\n"
        + "\n".join(f"{end.split('-', 1)[1]} ->z {end}\n{end} ->z group" for end in ends),
        name="CornerNet’s two branches",
        alt="An hourglass network gives 256 features at 128 × 128 places. One branch pools them "
        "towards top-left corners, the other towards bottom-right corners. Each gives heat "
        "maps of C classes, an embedding and offsets. Corners whose embeddings are alike are "
        "grouped to boxes.",
    )


def mask_rcnn() -> show.Drawing:
    return show.network(
        show.block(
            "image",
            (1, 1.3),
            (3, 512, 512),
            phone=(1, 1.3),
            role="data",
            label="image",
            picture="scene",
        ),
        show.op("net", (1, 3.4), "ResNet|+ FPN", phone=(1, 3.4)),
        show.block("map", (1, 5.4), (256, 128, 128), phone=(1, 5.4), label="features"),
        show.op("rpn", (4.2, 1.3), "RPN", phone=(4, 5.4)),
        show.block(
            "scores", (7, 1.3), (16, 256, 256), phone=(6.5, 5.4), role="answer", label="(1 + 4)·A"
        ),
        show.op("nms", (9.9, 1.3), "top, NMS", weights=False, phone=(6.5, 7.3)),
        show.block(
            "boxes",
            (12.7, 1.3),
            (3, 256, 256),
            phone=(4, 7.3),
            role="answer",
            label="1000 boxes",
            picture="proposals",
        ),
        show.op("roi", (4.2, 5.4), "RoIAlign", weights=False, phone=(1, 10.4)),
        show.block("r7", (7, 4.5), (256, 32, 32), phone=(2.7, 12), label="256 × 7²"),
        show.block("r14", (7, 7), (256, 64, 64), phone=(2.6, 14.6), label="256 × 14²"),
        show.op("fc", (9.6, 4.5), "fc, fc", phone=(4.5, 12)),
        show.op("conv", (9.6, 7), "conv ×4,|up ×2", phone=(4.45, 14.6)),
        show.vector("class", (12, 3.8), "class", role="answer", phone=(6.2, 11.4)),
        show.vector("box", (12, 5.3), "box", role="answer", cells=4, phone=(6.2, 12.9)),
        show.block(
            "mask",
            (12, 7),
            (8, 128, 128),
            phone=(6.1, 14.6),
            role="answer",
            label="C × 28²",
            picture="crop mask",
        ),
        show.loss("l1", (8.4, 0.35), phone=(6.5, 3.7)),
        show.loss("l2", (13.6, 3.8), phone=(7.15, 11.4)),
        show.loss("l3", (13.6, 5.3), phone=(7.15, 12.9)),
        show.loss("l4", (13.6, 7), phone=(7.15, 14.6)),
        show.frame(["image", "net", "map"], "1 Features", band=True),
        show.frame(
            ["rpn", "scores", "l1", "boxes"],
            "2 Proposals",
            band=True,
            pad=(16, 2, 14, 8),
            phone_pad=(12, 4, 4, 8),
        ),
        show.frame(
            ["roi", "r14", "l2", "class", "mask"],
            "3 Heads, for each box // 3 Heads",
            band=True,
            corner="ne",
            pad=(12, 8, 66, 6),
            phone_pad=(4, 12, 1, 8),
        ),
        show.note((14.95, 4.5), "Faster|R-CNN // Faster R-CNN", phone=(3.5, 12.85), bold=True),
        show.note((14.95, 6.8), "Mask|R-CNN|adds // Mask R-CNN adds", phone=(3.2, 13.6), bold=True),
        arrows="""
            image -> net -> map
            [wide] map ->z3^ rpn
            [phone] map -> rpn
            map => roi
            rpn -> scores -> nms -> boxes
            [wide] boxes ->s2 roi
            [phone] boxes ->v roi
            [wide] roi ->z r7
            [wide] roi ->z r14
            [phone] roi ->v r7
            [phone] roi ->v r14
            r7 -> fc
            r14 -> conv -> mask
            fc ->z class
            fc ->z box
            [wide] scores ..>v l1
            [phone] scores ..> l1
            class ..> l2
            box ..> l3
            mask ..> l4
        """,
        name="Mask R-CNN",
        alt="Three stages. Once for each image a ResNet with FPN makes features. The RPN scores "
        "anchors, the best are kept by NMS: 1000 boxes. For each box RoIAlign cuts 7 × 7 "
        "features, and two fully connected layers give class and box: Faster R-CNN. Mask "
        "R-CNN adds 14 × 14 features, four convolutions and an up-convolution, which give a "
        "28 × 28 mask for each class. Losses: RPN, class, box, mask.",
    )
