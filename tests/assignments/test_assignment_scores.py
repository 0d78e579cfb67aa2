"""The solution earns everything, the stub nothing, and every named mistake costs its question."""

from collections import Counter

import numpy as np
import pytest
import torch
from misconceptions import MISCONCEPTIONS, Misconception

FUNCTIONS = ("conv_transpose1d", "border_weights", "box_iou", "nms")
NUMBERS = ("length", "output_padding")
LISTS = ("contributions", "variances", "variances_2d", "uniform_sizes")


def test_the_solution_scores_everything(answers, score, questions):
    found = score(answers("solution"))
    assert found == {name: (question.possible, set()) for name, question in questions.items()}
    assert sum(points for points, _ in found.values()) == 24


def test_the_empty_stub_scores_nothing(answers, score):
    assert [points for points, _ in score(answers("student")).values()] == [0, 0, 0, 0]


def test_public_tests_give_no_points(questions):
    cases = [case for question in questions.values() for case in question.test_cases]
    assert all(case.points == 0 for case in cases if not case.hidden)
    assert all(case.points > 0 for case in cases if case.hidden)


@pytest.mark.parametrize("wrong", MISCONCEPTIONS, ids=str)
def test_a_misconception_costs_its_question(wrong: Misconception, answers, score, questions):
    names = answers("solution")
    assert set(wrong.answers) <= set(names)
    names.update(wrong.answers)
    found = score(names)
    points, failed = found.pop(wrong.question)
    assert wrong.caught_by in failed
    assert points < questions[wrong.question].possible
    assert all(points == questions[name].possible for name, (points, _) in found.items())


def test_each_question_has_at_least_five_misconceptions():
    assert len({str(wrong) for wrong in MISCONCEPTIONS}) == len(MISCONCEPTIONS)
    count = Counter(wrong.question for wrong in MISCONCEPTIONS)
    assert set(count) == {"q1", "q2", "q3", "q4"}
    assert min(count.values()) >= 5


def test_every_hidden_test_catches_a_misconception(questions):
    caught = {(wrong.question, wrong.caught_by) for wrong in MISCONCEPTIONS}
    hidden = {
        (name, case.body.test_func.__name__)
        for name, question in questions.items()
        for case in question.test_cases
        if case.hidden
    }
    assert hidden == caught


class AgreesWithEverything:
    """Equal to all, true, callable, a sequence, a number: whatever a careless test asks for."""

    shape, dtype, ndim = (1,), torch.float32, 1

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __lt__ = __le__ = __gt__ = __ge__ = __eq__
    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def _itself(self, *args, **kwargs):
        return self

    __call__ = __getitem__ = __sub__ = __rsub__ = __add__ = __abs__ = __invert__ = _itself
    __getattr__ = _itself

    def __len__(self):
        return 3

    def __iter__(self):
        return iter([self, self, self])

    def __float__(self):
        return 0.0


class EvilTensor(torch.Tensor):
    """A tensor that finds itself close to everything."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func in (torch.equal, torch.allclose, torch.isclose):
            return True
        return super().__torch_function__(func, types, args, kwargs or {})


def test_an_object_that_equals_everything_scores_nothing(answers, score):
    names = answers("solution")
    names.update({name: AgreesWithEverything() for name in FUNCTIONS + NUMBERS + LISTS})
    assert {points for points, _ in score(names).values()} == {0}
    names.update({name: [AgreesWithEverything()] * 3 for name in LISTS})
    names["variances_2d"] = [AgreesWithEverything()] * 4
    assert score(names)["q1"][0] == 0


@pytest.mark.parametrize("convert", [EvilTensor, lambda x: x.detach().numpy(), torch.nn.Parameter])
def test_right_values_of_the_wrong_type_score_nothing(convert, answers, score):
    names = answers("solution")
    for name in ("conv_transpose1d", "border_weights"):
        names[name] = wrap(names[name], convert)
    found = score(names)
    assert (found["q2"][0], found["q3"][0]) == (0, 0)


@pytest.mark.parametrize("convert", [EvilTensor, torch.Tensor.numpy, torch.Tensor.tolist])
def test_indices_of_the_wrong_type_score_only_the_overlaps(convert, answers, score):
    names = answers("solution")
    names["nms"] = wrap(names["nms"], convert)
    assert score(names)["q4"][0] == 1  # box_iou alone is right


@pytest.mark.parametrize("convert", [np.float64, torch.tensor, str, lambda x: [x]])
def test_numbers_of_the_wrong_type_score_nothing(convert, answers, score):
    names = answers("solution")
    for name in NUMBERS:
        names[name] = convert(names[name])
    for name in LISTS:
        names[name] = [convert(entry) for entry in names[name]]
    assert score(names)["q1"][0] == 0


def wrap(function, convert):
    return lambda *args, **kwargs: convert(function(*args, **kwargs))
