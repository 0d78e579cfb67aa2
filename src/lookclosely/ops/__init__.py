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
from lookclosely.ops.crop import crop_and_resize, paste
from lookclosely.ops.edges import canny_nms, non_max_suppression_1d
from lookclosely.ops.nms import batched_nms, nms, soft_nms
from lookclosely.ops.receptive_field import effective_receptive_field, receptive_field
from lookclosely.ops.interpolation import interpolate
from lookclosely.ops.upsampling import bilinear_kernel, conv_transpose2d, overlap_map
from lookclosely.ops.unpooling import bed_of_nails, max_pool2d, max_unpool2d, unpool_nearest

__all__ = [
    "batched_nms",
    "bed_of_nails",
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
    "crop_and_resize",
    "cross_correlate",
    "effective_receptive_field",
    "generalized_box_iou",
    "interpolate",
    "max_pool2d",
    "max_unpool2d",
    "nms",
    "non_max_suppression_1d",
    "overlap_map",
    "paste",
    "receptive_field",
    "remove_small_boxes",
    "soft_nms",
    "unpool_nearest",
]
