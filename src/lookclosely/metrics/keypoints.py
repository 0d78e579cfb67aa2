"""How well joints are found: the share that lies near enough to the truth.

Shapes: N figures, K joints of each, in pixels or any other unit that is the same on both axes.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lookclosely.ops._arguments import at_least_float32

from ._arguments import check_mask


def torso_length(joints: Float[Tensor, "N 14 2"]) -> Float[Tensor, " N"]:
    """From the left shoulder to the right hip, the size of a figure for PCK on 14 joints.

    Joints in the order of ``scenes.JOINTS``, which is that of the Leeds Sports Pose data set.

    Raises:
        ValueError: ``joints`` has another shape.
    """
    if joints.ndim != 3 or joints.shape[1:] != (14, 2):
        raise ValueError(f"joints must be (N, 14, 2), but has shape {tuple(joints.shape)}")
    joints = at_least_float32(joints)  # of whole numbers, differences might wrap around
    return (joints[:, 9] - joints[:, 2]).norm(dim=-1)


def pck(
    pred: Float[Tensor, "N K 2"],
    target: Float[Tensor, "N K 2"],
    size: Float[Tensor, " N"],
    *,
    threshold: float = 0.2,
    counted: Bool[Tensor, "N K"] | None = None,
) -> Float[Tensor, " K"]:
    """Percentage of correct keypoints, as a share from 0 to 1, for each joint.

        PCK_k = mean over figures of [ ‖pred_k − target_k‖ ≤ threshold · size ]

    Papers differ in ``size``, and their numbers cannot be compared: the longer side of the person's
    box (Yang and Ramanan), the torso (``torso_length``), the head (then it is called PCKh). So a
    PCK is quoted with its threshold and its size, as in "PCK at 0.2 of the torso".

    Args:
        pred, target: x and y of each joint, in one unit.
        size: one length for each figure, in that unit.
        threshold: which share of the size an error may have; exactly that much is still right.
        counted: joints that count, such as those inside the image; None counts all.

    Returns:
        One share for each joint; NaN for a joint that no figure has.

    Raises:
        ValueError: if shapes differ, ``threshold`` is not positive, or ``counted`` is not of
            booleans (a visibility of 0, 1 or 2 is none).

    Source: Yang and Ramanan, "Articulated human detection with flexible mixtures of parts", TPAMI
    2013, on evaluation criteria.
    """
    if target.ndim != 3 or pred.shape != target.shape or size.shape != target.shape[:1]:
        raise ValueError(
            f"pred has shape {tuple(pred.shape)}, target {tuple(target.shape)} and size "
            f"{tuple(size.shape)}: give (N, K, 2) twice, and one size for each figure, (N,)"
        )
    if not threshold > 0:
        raise ValueError(f"threshold is {threshold}: it must be more than 0")
    error = (at_least_float32(pred) - at_least_float32(target)).norm(dim=-1)  # (N, K)
    right = error <= threshold * at_least_float32(size)[:, None]
    if counted is None:
        counted = torch.ones_like(right)
    check_mask("counted", counted)
    return (right & counted).sum(0) / counted.sum(0)
