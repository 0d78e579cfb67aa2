"""Scores: how good is a segmentation, a detector, a set of instances?"""

from .boundary import boundary_f_score, boundary_iou, boundary_pixels
from .coco import CocoScores, ap_by_size, coco_evaluate
from .instances import InstanceMatches, instance_f1, instance_iou, match_instances
from .keypoints import pck, torso_length
from .matching import Matches, voc_match
from .proposals import proposal_recall
from .ranking import kendall_tau
from .segmentation import (
    confusion_matrices,
    confusion_matrix,
    dice,
    f1,
    iou,
    mean_iou,
    mean_pixel_accuracy,
    pixel_accuracy,
    precision,
    recall,
)
from .voc import (
    AveragePrecision,
    PrecisionRecall,
    average_precision,
    class_curve,
    precision_recall,
    voc_ap,
)

__all__ = [
    "AveragePrecision",
    "CocoScores",
    "InstanceMatches",
    "Matches",
    "PrecisionRecall",
    "ap_by_size",
    "average_precision",
    "boundary_f_score",
    "boundary_iou",
    "boundary_pixels",
    "class_curve",
    "coco_evaluate",
    "confusion_matrices",
    "confusion_matrix",
    "dice",
    "f1",
    "instance_f1",
    "instance_iou",
    "iou",
    "kendall_tau",
    "match_instances",
    "mean_iou",
    "mean_pixel_accuracy",
    "pck",
    "pixel_accuracy",
    "precision",
    "precision_recall",
    "proposal_recall",
    "recall",
    "torso_length",
    "voc_ap",
    "voc_match",
]
