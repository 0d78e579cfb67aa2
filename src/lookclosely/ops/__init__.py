"""Functions on tensors: the algorithms of the book, in plain torch, one idea a file."""

from lookclosely.ops.boxes import (
    box_area,
    box_convert,
    box_iou,
    clip_boxes_to_image,
    generalized_box_iou,
    remove_small_boxes,
)
from lookclosely.ops.convolution import conv2d, convolution_matrix, convolve, cross_correlate
from lookclosely.ops.crf import approximate_mean_field, mean_field
from lookclosely.ops.crf_exact import crf_energy, crf_marginals, pair_weights
from lookclosely.ops.crf_grid import grid_crf
from lookclosely.ops.crop import crop_and_resize, paste
from lookclosely.ops.dilation import dilate_kernel, path_counts
from lookclosely.ops.edges import canny_nms, non_max_suppression_1d
from lookclosely.ops.gaussian_filters import bilateral_grid_transform, gauss_transform
from lookclosely.ops.graph_segmentation import graph_segmentation, superpixel_vote
from lookclosely.ops.interpolation import interpolate
from lookclosely.ops.nms import batched_nms, nms, soft_nms
from lookclosely.ops.pooling import max_pool2d
from lookclosely.ops.pyramid import (
    gaussian_pyramid,
    laplacian_pyramid,
    pyr_down,
    pyr_up,
    reconstruct,
)
from lookclosely.ops.receptive_field import effective_receptive_field, receptive_field
from lookclosely.ops.shift_and_stitch import shift_and_stitch, split_phases, stitch
from lookclosely.ops.unpooling import bed_of_nails, max_unpool2d, unpool_nearest
from lookclosely.ops.upsampling import bilinear_kernel, conv_transpose2d, overlap_map

__all__ = [
    "approximate_mean_field",
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
    "dilate_kernel",
    "effective_receptive_field",
    "gauss_transform",
    "gaussian_pyramid",
    "generalized_box_iou",
    "graph_segmentation",
    "grid_crf",
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
    "pyr_down",
    "pyr_up",
    "receptive_field",
    "reconstruct",
    "remove_small_boxes",
    "shift_and_stitch",
    "soft_nms",
    "split_phases",
    "stitch",
    "superpixel_vote",
    "unpool_nearest",
]
