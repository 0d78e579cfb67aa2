"""Dense answers from a network that subsamples: one pass for each shift, or one for each phase.

Shapes: N batch · C channels · H, W height, width · h, w those of one phase · f factor.

A network of stride f answers at every f-th place only. Move the image by one pixel, and it answers
at the places in between; f·f moves reach every place. A place's phase is (row mod f, column mod f).
"""

from collections.abc import Callable

from jaxtyping import Num
from torch import Tensor

from ._arguments import comparable, per_axis


def shift_and_stitch(
    network: Callable[[Tensor], Tensor], x: Num[Tensor, "N C H W"], factor: int
) -> Num[Tensor, "N C_out H_out W_out"]:
    """The network's answer at every place of its window, from factor² passes over shifted images.

        out[:, :, a + f·i, b + f·j] = network(x without its first a rows and b columns)[:, :, i, j]

    for 0 ≤ a, b < f. Pass (a, b) gives the answers whose phase is (a, b), so each is computed once,
    and all are what the network says to each window alone. For p poolings of 2×2, f is 2^p and
    there are 4^p passes. To answer for every pixel, pad the image before, by half a window.

    Args:
        network: images (N, C, H, W) to maps (N, C_out, ⌊(H − size)/f⌋ + 1, …), size its window;
            convolutions and poolings without padding, of any image size.
        x: the images. They must hold ``factor`` windows or more along each axis.
        factor: the network's stride, ``receptive_field(layers).stride``. Another factor puts
            answers in wrong places, and only sometimes their number tells.

    Returns:
        (N, C_out, H − size + 1, W − size + 1).

    Raises:
        ValueError: ``factor`` is below 1, ``x`` is not (N, C, H, W) or smaller than ``factor``, or
            the passes do not fit into one another.

    Source: Pinheiro and Collobert 2014, *Recurrent convolutional neural networks for scene
    labeling*, who pad instead of cropping; named by Long, Shelhamer and Darrell 2015, *Fully
    convolutional networks*, section 3.2. OverFeat shifts the last pooling only: `split_phases`.
    """
    (factor,) = per_axis("factor", factor, 1, minimum=1)
    if x.ndim != 4 or min(x.shape[-2:]) < factor:
        raise ValueError(
            f"x must be (N, C, H, W) with at least factor, {factor}, rows and columns, "
            f"but is {tuple(x.shape)}."
        )
    x, shifts = comparable(x), range(factor)
    passes = [[network(x[..., a:, b:]) for b in shifts] for a in shifts]
    height = sum(row[0].shape[-2] for row in passes)
    width = sum(y.shape[-1] for y in passes[0])
    out = passes[0][0].new_empty(*passes[0][0].shape[:-2], height, width)
    for a in shifts:
        for b in shifts:
            places = out[..., a::factor, b::factor]
            if places.shape != passes[a][b].shape:
                raise ValueError(
                    f"factor is {factor}, but pass {(a, b)} gave {tuple(passes[a][b].shape)} where "
                    f"{tuple(places.shape)} are left: give the network's stride."
                )
            places.copy_(passes[a][b])
    return out


def split_phases(x: Num[Tensor, "N C H W"], factor: int) -> Num[Tensor, "fragments C h w"]:
    """Deal the pixels out to factor² small images, one for each phase.

        out[(a·f + b)·N + n, c, i, j] = x[n, c, a + f·i, b + f·j]

    OverFeat's trick is a pooling at every place, with its results dealt out so that the next layer
    meets neighbours as far apart as it was trained with:

        split_phases(F.max_pool2d(x, f, stride=1), f)

    which holds the poolings of all f² offsets, and none twice. Undone by `stitch`.

    Returns:
        (factor²·N, C, H / factor, W / factor), the phase (0, 0) of all images first.

    Raises:
        ValueError: ``factor`` is below 1 or does not divide H and W, or ``x`` is not (N, C, H, W).

    Source: Sermanet et al. 2014, *OverFeat*, section 3.3; as "fragments" at every pooling: Giusti,
    Cireşan, Masci, Gambardella and Schmidhuber 2013, *Fast image scanning with deep max-pooling
    convolutional neural networks*.
    """
    (factor,) = per_axis("factor", factor, 1, minimum=1)
    if x.ndim != 4 or x.shape[-2] % factor or x.shape[-1] % factor:
        raise ValueError(
            f"x must be (N, C, H, W) with H and W multiples of factor, {factor}, "
            f"but is {tuple(x.shape)}: crop or pad it."
        )
    height, width = x.shape[-2] // factor, x.shape[-1] // factor
    dealt = x.unflatten(-1, (width, factor)).unflatten(-3, (height, factor))  # (N, C, h, f, w, f)
    return dealt.permute(3, 5, 0, 1, 2, 4).flatten(0, 2)


def stitch(x: Num[Tensor, "fragments C h w"], factor: int) -> Num[Tensor, "N C H W"]:
    """Put the phases of `split_phases` back in their places.

        out[n, c, a + f·i, b + f·j] = x[(a·f + b)·N + n, c, i, j]

    Returns:
        (fragments / factor², C, factor·h, factor·w).

    Raises:
        ValueError: ``factor`` is below 1, or the number of fragments is no multiple of factor².

    Source: as `split_phases`.
    """
    (factor,) = per_axis("factor", factor, 1, minimum=1)
    if x.ndim != 4 or len(x) % factor**2:
        raise ValueError(
            f"x must be (fragments, C, h, w) with a multiple of factor² = {factor**2} fragments, "
            f"but is {tuple(x.shape)}."
        )
    images = len(x) // factor**2
    dealt = x.unflatten(0, (factor, factor, images))  # (f, f, N, C, h, w)
    return dealt.permute(2, 3, 4, 0, 5, 1).flatten(-2).flatten(-3, -2)
