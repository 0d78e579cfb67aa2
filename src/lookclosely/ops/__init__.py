"""Functions on tensors: the algorithms of the book, in plain torch, one idea a file."""

from .anchors import default_boxes, generate_anchors, grid_anchors
from .assignment import assign, balanced_sample, hard_negatives, ssd_match
from .box_coding import decode_boxes, encode_boxes
from .boxes import (
    box_area,
    box_convert,
    box_iou,
    clip_boxes_to_image,
    generalized_box_iou,
    remove_small_boxes,
)
from .convolution import conv2d, convolution_matrix, convolve, cross_correlate
from .crf import (
    approximate_mean_field,
    crf_energy,
    crf_marginals,
    grid_crf,
    mean_field,
    pair_weights,
)
from .crop import crop_and_resize, paste
from .detections import Targets, filter_detections
from .dilation import dilate_kernel, path_counts
from .edges import canny_nms, non_max_suppression_1d
from .gaussian_filters import bilateral_grid_transform, gauss_transform
from .graph_segmentation import graph_segmentation, superpixel_vote
from .interpolation import interpolate
from .nms import batched_nms, nms, soft_nms
from .pooling import max_pool2d
from .pyramid import gaussian_pyramid, laplacian_pyramid, pyr_down, pyr_up, reconstruct
from .receptive_field import effective_receptive_field, receptive_field
from .roi import assign_levels, ps_roi_align, roi_align, roi_warp
from .roi_pool import roi_pool, spatial_pyramid_pool
from .shift_and_stitch import shift_and_stitch, split_phases, stitch
from .standardization import standardize
from .unpooling import bed_of_nails, max_unpool2d, unpool_nearest
from .upsampling import bilinear_kernel, conv_transpose2d, overlap_map

__all__ = [
    "Targets",
    "approximate_mean_field",
    "assign",
    "assign_levels",
    "balanced_sample",
    "batched_nms",
    "bed_of_nails",
    "bilateral_grid_transform",
    "bilinear_kernel",
    "box_area",
    "box_convert",
    "box_iou",
    "canny_nms",
    "clip_boxes_to_image",
    "conv2d",
    "conv_transpose2d",
    "convolution_matrix",
    "convolve",
    "crf_energy",
    "crf_marginals",
    "crop_and_resize",
    "cross_correlate",
    "decode_boxes",
    "default_boxes",
    "dilate_kernel",
    "effective_receptive_field",
    "encode_boxes",
    "filter_detections",
    "gauss_transform",
    "gaussian_pyramid",
    "generalized_box_iou",
    "generate_anchors",
    "graph_segmentation",
    "grid_anchors",
    "grid_crf",
    "hard_negatives",
    "interpolate",
    "laplacian_pyramid",
    "max_pool2d",
    "max_unpool2d",
    "mean_field",
    "nms",
    "non_max_suppression_1d",
    "overlap_map",
    "pair_weights",
    "paste",
    "path_counts",
    "ps_roi_align",
    "pyr_down",
    "pyr_up",
    "receptive_field",
    "reconstruct",
    "remove_small_boxes",
    "roi_align",
    "roi_pool",
    "roi_warp",
    "shift_and_stitch",
    "soft_nms",
    "spatial_pyramid_pool",
    "split_phases",
    "ssd_match",
    "standardize",
    "stitch",
    "superpixel_vote",
    "unpool_nearest",
]
