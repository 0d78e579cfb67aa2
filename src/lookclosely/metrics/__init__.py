"""Scores: how good is a segmentation, a detector, a set of instances?"""

from lookclosely.metrics.boundary import boundary_f_score, boundary_pixels
from lookclosely.metrics.boundary_iou import boundary_iou
from lookclosely.metrics.detection import (
    AveragePrecision,
    PrecisionRecall,
    average_precision,
    class_curve,
    precision_recall,
    voc_ap,
)
from lookclosely.metrics.instances import (
    InstanceMatches,
    instance_f1,
    instance_iou,
    match_instances,
)
from lookclosely.metrics.keypoints import pck, torso_length
from lookclosely.metrics.matching import Matches, voc_match
from lookclosely.metrics.ranking import kendall_tau
from lookclosely.metrics.segmentation import (
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

__all__ = [
    "AveragePrecision",
    "InstanceMatches",
    "Matches",
    "PrecisionRecall",
    "average_precision",
    "boundary_f_score",
    "boundary_iou",
    "boundary_pixels",
    "class_curve",
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
    "recall",
    "torso_length",
    "voc_ap",
    "voc_match",
]
