"""The solution earns everything, the stub nothing, and every named mistake costs its question."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from misconceptions import MISCONCEPTIONS, Misconception
from misconceptions.whole import WHOLE
from right_answers import RIGHT


def test_the_solution_scores_everything(assignment):
    found = assignment.score(assignment.answers("solution"))
    assert found == {name: (q.possible, set()) for name, q in assignment.questions.items()}
    assert found


def test_the_empty_stub_scores_nothing(assignment):
    found = assignment.score(assignment.answers("student"))
    assert {name: points for name, (points, _) in found.items()} == dict.fromkeys(found, 0)


def test_public_tests_give_no_points_and_hidden_tests_one_each(assignment):
    assert {case.points for case in assignment.cases(hidden=False).values()} == {0}
    assert {case.points for case in assignment.cases(hidden=True).values()} == {1}
    for name, question in assignment.questions.items():
        assert any(case.hidden for case in question.test_cases), name
        assert any(not case.hidden for case in question.test_cases), name


@pytest.mark.parametrize("wrong", MISCONCEPTIONS, ids=str)
def test_a_misconception_costs_its_question(wrong: Misconception, of_part):
    assignment = of_part(wrong.part)
    names = assignment.answers("solution")
    assert set(wrong.answers) <= set(names)
    names.update(wrong.answers)
    asked = {name: set(assignment.asked(name)) for name in assignment.questions}
    assert [name for name in asked if asked[name] & set(wrong.answers)] == [wrong.question]
    points, failed = assignment.score(names, wrong.question)[wrong.question]
    assert wrong.caught_by in failed
    possible = assignment.questions[wrong.question].possible
    assert points < possible
    if wrong.name not in WHOLE.get(f"{wrong.part}-{wrong.question}", ()):
        assert points >= possible / 2, f"a slip costs more than half: {failed}"


def test_each_question_has_at_least_five_misconceptions(assignment):
    ours = [wrong for wrong in MISCONCEPTIONS if wrong.part == assignment.part]
    assert len({str(wrong) for wrong in ours}) == len(ours)
    count = Counter(wrong.question for wrong in ours)
    assert set(count) == set(assignment.questions)
    assert {name: n for name, n in count.items() if n < 5} == {}


def test_every_hidden_test_catches_a_misconception(assignment):
    ours = [wrong for wrong in MISCONCEPTIONS if wrong.part == assignment.part]
    caught = {(wrong.question, wrong.caught_by) for wrong in ours}
    assert set(assignment.cases(hidden=True)) == caught


def tensors(value: Any) -> list[torch.Tensor]:
    """All tensors in lists, tuples and the value itself."""
    if isinstance(value, (list, tuple)):
        return [tensor for entry in value for tensor in tensors(entry)]
    return [value] if isinstance(value, torch.Tensor) else []


def emptied(function: Any, *, result: bool) -> Any:
    """A function that sets its arguments to zero behind its work, and its ``result`` as well."""

    def answer(*args, **kwargs):
        found = function(*args, **kwargs)
        kept = [] if result else [tensor.data.clone() for tensor in tensors(found)]
        for tensor in tensors([*args, *kwargs.values()]) + tensors(found) * result:
            tensor.data.zero_()
        for tensor, right in zip(tensors(found), kept, strict=not result):
            tensor.data = right  # it may have been a view of an argument
        return found

    return answer


def test_answers_of_zeros_that_empty_their_arguments_score_nothing(assignment):
    """No test may compute what it expects from tensors that an answer has had in its hands."""
    names = assignment.answers("solution")
    functions = {
        question: [name for name in assignment.asked(question) if callable(names[name])]
        for question in assignment.questions
    }
    for asked in functions.values():
        names.update({name: emptied(names[name], result=True) for name in asked})
    found = assignment.score(names)
    assert {question: found[question][0] for question in functions if functions[question]} == {
        question: 0 for question in functions if functions[question]
    }


@pytest.mark.parametrize(
    ("part", "question"),
    [("segmentation", "q2"), ("segmentation", "q6"), ("segmentation", "q7"), ("looking", "q4")],
)
def test_a_right_answer_that_changes_its_arguments_loses_half_at_most(part, question, of_part):
    assignment = of_part(part)
    names = assignment.answers("solution")
    asked = assignment.asked(question)
    names.update({name: emptied(names[name], result=False) for name in asked})
    points, failed = assignment.score(names, question)[question]
    possible = assignment.questions[question].possible
    assert possible / 2 <= points < possible, failed


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


def test_an_object_that_equals_everything_scores_nothing(assignment):
    names = assignment.answers("solution")
    asked = [name for question in assignment.questions for name in assignment.asked(question)]
    lists = {name: names[name] for name in asked if isinstance(names[name], list)}
    names.update({name: AgreesWithEverything() for name in asked})
    assert {points for points, _ in assignment.score(names).values()} == {0}
    names.update({name: [AgreesWithEverything()] * len(right) for name, right in lists.items()})
    assert {points for points, _ in assignment.score(names).values()} == {0}


def as_subclass(value: Any) -> Any:
    return EvilTensor(value) if isinstance(value, torch.Tensor) else np.float64(value)


def as_numpy(value: Any) -> Any:
    return value.detach().numpy() if isinstance(value, torch.Tensor) else np.array(value)


def as_parameter(value: Any) -> Any:
    value = torch.as_tensor(value)
    return torch.nn.Parameter(value, requires_grad=value.is_floating_point())


@pytest.mark.parametrize("convert", [as_subclass, as_numpy, as_parameter])
def test_right_values_of_the_wrong_type_score_nothing(convert, assignment):
    """Functions whose results are converted, and numbers that are converted."""
    names = assignment.answers("solution")
    for question in assignment.questions:
        for name in assignment.asked(question):
            names[name] = converted(names[name], convert)
    assert {points for points, _ in assignment.score(names).values()} == {0}


@pytest.mark.parametrize("convert", [torch.tensor, str, lambda x: [x]])
def test_numbers_of_the_wrong_type_score_nothing(convert, assignment):
    names = assignment.answers("solution")
    for question in assignment.questions:
        asked = assignment.asked(question)
        if not any(callable(names[name]) for name in asked):
            names.update({name: converted(names[name], convert) for name in asked})
            assert assignment.score(names)[question][0] == 0


@pytest.mark.parametrize("convert", [EvilTensor, torch.Tensor.numpy, torch.Tensor.tolist])
def test_indices_of_the_wrong_type_score_only_the_overlaps(convert, segmentation):
    names = segmentation.answers("solution")
    names["nms"] = converted(names["nms"], convert)
    assert segmentation.score(names)["q4"][0] == 1  # box_iou alone is right


def converted(value: Any, convert: Any) -> Any:
    """Each entry of lists, tuples and dictionaries, or what a function returns, converted."""
    if callable(value):
        return lambda *args, **kwargs: converted(value(*args, **kwargs), convert)
    if isinstance(value, (list, tuple)):
        return type(value)(converted(entry, convert) for entry in value)
    if isinstance(value, dict):
        return {key: converted(entry, convert) for key, entry in value.items()}
    return convert(value)


@pytest.mark.parametrize(
    ("question", "number"),
    [(question, n) for question, found in RIGHT.items() for n in range(len(found))],
)
def test_an_unusual_right_answer_scores_everything(question, number, of_part):
    part, name = question.split("-")
    assignment = of_part(part)
    names = assignment.answers("solution")
    names.update(RIGHT[question][number])
    file = assignment.questions[name]
    assert assignment.score(names, name)[name] == (file.possible, set())


def test_each_question_has_two_unusual_right_answers(assignment):
    count = {name: len(RIGHT.get(f"{assignment.part}-{name}", ())) for name in assignment.questions}
    assert {name: n for name, n in count.items() if n < 2} == {}


def test_what_is_no_slip_is_a_misconception_of_its_question():
    known = {f"{wrong.part}-{wrong.question}": set() for wrong in MISCONCEPTIONS}
    for wrong in MISCONCEPTIONS:
        known[f"{wrong.part}-{wrong.question}"].add(wrong.name)
    assert all(set(names) <= known[question] for question, names in WHOLE.items())
