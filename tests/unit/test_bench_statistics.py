"""A ratio is told only where another go would give it again."""

import pytest

from bench.statistics import MIN_SAMPLES, Estimate, Summary, Verdict, median_of, ratio_of

STEADY = [1.00, 1.01, 0.99, 1.02, 0.98]
TWICE = [2 * sample for sample in STEADY]
WILD = [0.4, 2.5, 1.0, 0.7, 1.9]


def test_a_ratio_of_steady_samples_is_told() -> None:
    ratio = ratio_of(TWICE, STEADY[::-1])
    assert ratio.value == pytest.approx(2)
    assert ratio.low < 2 < ratio.high
    assert ratio.telling


@pytest.mark.parametrize(("above", "below"), [(TWICE, WILD), (WILD, STEADY)])
def test_a_ratio_is_refused_if_either_side_spreads(above: list[float], below: list[float]) -> None:
    assert not ratio_of(above, below).telling


def test_a_ratio_of_too_few_samples_is_refused() -> None:
    few = STEADY[: MIN_SAMPLES - 1]
    assert not ratio_of(few, TWICE).telling
    assert ratio_of(few, TWICE).against(10, at_least=False) == "undecided"


def test_a_machine_that_is_slow_for_a_while_leaves_the_ratio_as_it_is() -> None:
    speeds = [1, 1, 3, 3, 1, 2]
    ratio = ratio_of([2.0 * speed for speed in speeds], [1.0 * speed for speed in speeds])
    assert (ratio.low, ratio.value, ratio.high) == (2, 2, 2)


def test_only_rounds_in_which_both_were_measured_count() -> None:
    assert ratio_of([2.0, 2.0, 2.0, 9.0], [1.0, 1.0, 1.0]) == Estimate(2, 2, 2, count=3)


def test_the_same_samples_give_the_same_interval() -> None:
    assert ratio_of(TWICE, WILD) == ratio_of(TWICE, WILD)


@pytest.mark.parametrize(
    ("low", "value", "high", "limit", "at_least", "verdict"),
    [
        (4.5, 5, 5.5, 4, True, "held"),
        (3.0, 3.2, 3.5, 4, True, "not held"),
        (3.9, 4.1, 4.3, 4, True, "held"),
        (3.7, 3.9, 4.2, 4, True, "not held"),
        (2.0, 4.1, 9.0, 4, True, "undecided"),
        (6.0, 9.0, 15.0, 4, True, "held"),
        (0.9, 1.0, 1.1, 1.15, False, "held"),
        (1.0, 1.1, 1.2, 1.15, False, "held"),
        (1.2, 1.3, 1.4, 1.15, False, "not held"),
        (0.8, 1.1, 1.9, 1.15, False, "undecided"),
        (1.5, 3.0, 9.0, 1.15, False, "not held"),
    ],
)
def test_a_target_is_judged_by_the_whole_interval(
    low: float, value: float, high: float, limit: float, at_least: bool, verdict: Verdict
) -> None:
    assert Estimate(value, low, high, count=5).against(limit, at_least=at_least) == verdict


def test_nothing_lost_is_held_and_one_lost_in_every_go_is_not() -> None:
    assert median_of([0, 0, 0]).against(0, at_least=False) == "held"
    assert median_of([1, 1, 1]).against(0, at_least=False) == "not held"


def test_a_summary_has_median_quartiles_and_ends() -> None:
    assert Summary.of([5, 1, 2, 3, 4]) == Summary(count=5, median=3, low=2, high=4, least=1, most=5)
    assert Summary.of([7]) == Summary(count=1, median=7, low=7, high=7, least=7, most=7)
