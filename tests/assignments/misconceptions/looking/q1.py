"""Question 1: receptive fields, windows, passes and multiply-adds."""

from functools import partial

from ..registry import wrong_value

wrong_q1 = partial(wrong_value, "looking", "q1")

wrong_q1("kernels_added_up", "test_field", field=[5 + 2 + 3 + 3 + 4, 6, -5])
wrong_q1("jumps_forgotten", "test_field", field=[1 + 4 + 1 + 2 + 2 + 3, 6, -5])
wrong_q1("the_one_forgotten", "test_field", field=[31, 6, -5])
wrong_q1("jump_with_its_own_stride", "test_field", field=[1 + 4 + 2 + 4 + 12 + 18, 6, -5])
wrong_q1("kernel_sizes_not_reduced_by_one", "test_field", field=[1 + 5 + 2 + 6 + 6 + 24, 6, -5])
wrong_q1("strides_added", "test_field", field=[32, 5, -5])
wrong_q1("paddings_added", "test_field", field=[32, 6, -3])
wrong_q1("offset_without_its_sign", "test_field", field=[32, 6, 5])
wrong_q1("offset_forgotten", "test_pixels", pixels=[18, 49])
wrong_q1("one_pixel_too_many", "test_pixels", pixels=[13, 45])
wrong_q1("outputs_one_pixel_apart", "test_pixels", pixels=[-2, 29])
wrong_q1("output_3_is_the_third", "test_pixels", pixels=[7, 38])
wrong_q1("windows_at_stride_1", "test_windows", windows=80 * 60)
wrong_q1("the_first_window_forgotten", "test_windows", windows=26 * 19)
wrong_q1("windows_rounded_up", "test_windows", windows=28 * 21)
wrong_q1("windows_reach_out_of_the_image", "test_windows", windows=34 * 27)
wrong_q1("windows_side_by_side", "test_windows", windows=4 * 3)
wrong_q1("passes_along_one_axis", "test_passes", passes=2 * 3)
wrong_q1("four_passes_a_pooling", "test_passes", passes=4**2)
wrong_q1("passes_added", "test_passes", passes=4 + 9)
wrong_q1("one_pass_for_each_pooling", "test_passes", passes=2)
wrong_q1("one_place_in_each_window", "test_patches", patches=600 * (216 + 2000))
wrong_q1("padded_first_layer", "test_patches", patches=600 * (49 * 216 + 2000))
wrong_q1("a_window_for_each_pixel", "test_patches", patches=26 * 36 * 7400)
wrong_q1("one_window", "test_patches", patches=7400)
wrong_q1("biases_counted", "test_patches", patches=600 * (25 * (216 + 8) + 2000 + 10))
wrong_q1("input_channels_forgotten", "test_patches", patches=600 * (25 * 72 + 2000))
wrong_q1("a_pass_shares_both_layers", "test_one_pass", one_pass=816 * 216 + 2000)
wrong_q1("first_layer_at_every_window", "test_one_pass", one_pass=600 * 216 + 600 * 2000)
wrong_q1("first_layer_at_every_pixel", "test_one_pass", one_pass=936 * 216 + 600 * 2000)
wrong_q1("scores_at_every_pixel_of_the_map", "test_one_pass", one_pass=816 * (216 + 2000))
