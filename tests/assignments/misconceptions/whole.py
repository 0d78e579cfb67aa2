"""Answers that are no slip and may cost all of their question, each by one of four reasons.

Every other misconception costs at most half of its question.
"""

# Nothing can be compared: the tests look at the exact type first, see ``grading.checks``.
ANOTHER_TYPE = {
    "looking-q2": ("a_python_number",),  # it has no gradient either
    "looking-q3": ("a_list_of_shares",),
    "looking-q4": ("images_without_their_axis",),  # one channel of one image is left
    "segmentation-q4": (
        *("a_mask_instead_of_indices", "boxes_instead_of_indices", "a_list_instead_of_a_tensor"),
        "pairs_instead_of_every_pair",  # (N,) for (N, M): other boxes cannot even be asked for
    ),
    "segmentation-q5": ("a_list_instead_of_a_tensor",),
}
# The question says that this is not to be called.
SOMEBODY_ELSES = {
    "looking-q2": ("the_library_does_it", "the_library_does_it_as_huber", "the_package_does_it"),
    "looking-q3": ("the_package_does_it",),
    "looking-q4": ("the_package_does_it",),
    "looking-q6": ("the_package_does_it",),
    "segmentation-q2": ("the_library_does_it", "the_package_does_it"),
    "segmentation-q4": ("the_library_does_it", "the_package_measures", "the_package_suppresses"),
    "segmentation-q5": ("the_package_does_it",),
    "segmentation-q6": ("the_library_pools", "the_package_pools"),
    "segmentation-q7": (
        *("the_library_does_it", "the_library_cuts_the_windows", "the_package_does_it"),
    ),
}
# Zeros from an argument of zeros, which the answer has made so.
MADE_TO_DECEIVE = {
    "looking-q4": ("the_image_emptied_before_the_passes",),
    "segmentation-q2": ("the_input_emptied_and_zeros_returned",),
    "segmentation-q6": ("the_picture_emptied_and_zeros_returned",),
    "segmentation-q7": ("the_picture_emptied_and_zeros_returned",),
}
# It answers another question, or nothing that builds on it can run.
ANOTHER_QUESTION = {
    "looking-q3": (
        *("one_share_for_all_joints", "one_share_for_each_figure", "mean_error_of_the_joint"),
    ),
    "looking-q4": (
        *("shifted_the_other_way", "one_pass_stretched", "along_the_diagonal_only"),
        *("along_the_rows_only", "one_coarse_pass"),
    ),
    "looking-q5": ("smaller_by_the_border",),  # no two levels fit together
    "segmentation-q2": ("the_ordinary_convolution",),
}

REASONS = (ANOTHER_TYPE, SOMEBODY_ELSES, MADE_TO_DECEIVE, ANOTHER_QUESTION)
WHOLE = {
    question: {name for reason in REASONS for name in reason.get(question, ())}
    for question in {question for reason in REASONS for question in reason}
}
