import torch

from lookclosely import show


def test_a_class_has_the_same_colour_in_every_map_and_the_background_is_white():
    one = torch.zeros(9, 9, dtype=torch.int64)
    one[1:8, 1:8] = 5
    two = one.clone()
    two[:, :4] = 2  # a second class, which comes first in the palette
    first, second = show.coloured(one), show.coloured(two)
    assert first.shape == (9, 9, 3)
    assert (first[0, 0] == 1).all()
    assert (first[4, 6] == second[4, 6]).all()
    assert (second[4, 2] != second[4, 6]).any()
