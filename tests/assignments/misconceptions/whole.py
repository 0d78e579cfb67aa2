"""Answers that are no slip: another quantity, another type, or somebody else's function.

Every other misconception costs at most half of its question.
"""

WHOLE = {
    "looking-q2": (
        "a_python_number",
        "the_library_does_it",
        "the_library_does_it_as_huber",
        "the_package_does_it",
    ),
    "looking-q3": (
        *("one_share_for_all_joints", "one_share_for_each_figure", "counts_instead_of_shares"),
        *("a_percentage", "the_wrong_joints", "a_list_of_shares", "mean_error_of_the_joint"),
        "the_package_does_it",
    ),
    "looking-q4": (
        *("shifted_the_other_way", "one_pass_stretched", "along_the_diagonal_only"),
        *("along_the_rows_only", "one_coarse_pass", "images_without_their_axis"),
        *("the_image_emptied_before_the_passes", "the_package_does_it"),
    ),
    "looking-q5": ("smaller_by_the_border",),
    "looking-q6": ("the_package_does_it",),
    "segmentation-q2": (
        *("the_ordinary_convolution", "the_input_emptied_and_zeros_returned"),
        *("the_library_does_it", "the_package_does_it"),
    ),
    "segmentation-q4": (
        *("boxes_are_width_and_height", "pairs_instead_of_every_pair"),
        *("a_mask_instead_of_indices", "boxes_instead_of_indices", "a_list_instead_of_a_tensor"),
        *("the_library_does_it", "the_package_measures", "the_package_suppresses"),
    ),
    "segmentation-q5": ("a_list_instead_of_a_tensor", "the_package_does_it"),
    "segmentation-q6": (
        *("the_picture_emptied_and_zeros_returned", "the_library_pools", "the_package_pools"),
    ),
    "segmentation-q7": (
        *("the_picture_emptied_and_zeros_returned", "the_library_does_it"),
        *("the_library_cuts_the_windows", "the_package_does_it"),
    ),
}
