"""Question 1: sizes and variances of a transposed convolution."""

from functools import partial

from ..registry import wrong_value

wrong_q1 = partial(wrong_value, "segmentation", "q1")

wrong_q1("length_is_inputs_times_stride", "test_length", length=7 * 3)
wrong_q1("length_forgets_the_minus_one", "test_length", length=7 * 3 + 4 - 2)
wrong_q1("length_adds_the_padding", "test_length", length=6 * 3 + 4 + 2)
wrong_q1("length_takes_the_padding_off_once", "test_length", length=6 * 3 + 4 - 1)
wrong_q1("length_of_the_ordinary_convolution", "test_length", length=(7 + 2 - 4) // 3 + 1)
wrong_q1("output_padding_is_zero", "test_output_padding", output_padding=0)
wrong_q1("output_padding_is_the_padding_twice", "test_output_padding", output_padding=2)
wrong_q1("contributions_in_reverse_order", "test_contributions", contributions=[1, 2, 2])
wrong_q1("contributions_rounded_up", "test_contributions", contributions=[2, 2, 2])
wrong_q1("contributions_on_average", "test_contributions", contributions=[5 / 3] * 3)
wrong_q1("variance_forgets_the_channels", "test_variances", variances=[0.5, 0.5, 0.25])
wrong_q1("variance_forgets_the_weights", "test_variances", variances=[16, 16, 8])
wrong_q1("variance_is_a_standard_deviation", "test_variances", variances=[2, 2, 2**0.5])
wrong_q1("weights_divided_by_their_deviation", "test_variances", variances=[8, 8, 4])
wrong_q1("two_dimensions_add", "test_variances_2d", variances_2d=[4, 3, 3, 2])
wrong_q1("two_dimensions_as_deviation", "test_variances_2d", variances_2d=[2, 2**0.5, 2**0.5, 1])
wrong_q1("two_dimensions_backwards", "test_variances_2d", variances_2d=[1, 2, 2, 4])
wrong_q1("even_numbers", "test_uniform_sizes", uniform_sizes=[2, 4, 6, 8])
wrong_q1("the_stride_only", "test_uniform_sizes", uniform_sizes=[3])
wrong_q1("odd_numbers", "test_uniform_sizes", uniform_sizes=[3, 5, 7, 9])
