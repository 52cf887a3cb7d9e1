"""Implements functions of numbers. Results that are whole numbers are integers."""

from decimal import ROUND_HALF_UP, Context, Decimal
from functools import partial, reduce

from wand_orchestrator.graphs.functions.function import Call
from wand_orchestrator.graphs.functions.function_group import FunctionGroup
from wand_orchestrator.graphs.json_values import MAX_INTEGER_BITS, NotJson

Number = int | float

MAX_DIGITS = 15
_USUAL_BITS = 64
_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)
"""Enough for all digits that a float can have before the point, and MAX_DIGITS behind it."""

NUMBERS = FunctionGroup("Numbers")

NUMBERS.describe("abs(number: number) -> number", "Returns the number without its sign.", ("abs(@)", -5, 5))
NUMBERS.describe(
    "avg(numbers: array[number]) -> number | null",
    "Returns the average; null for an empty list.",
    ("avg(@)", [1, 2, 6], 3.0),
)
NUMBERS.describe("ceil(number: number) -> number", "Rounds up to a whole number.", ("ceil(@)", 1.2, 2))
NUMBERS.describe("floor(number: number) -> number", "Rounds down to a whole number.", ("floor(@)", 1.8, 1))
NUMBERS.describe(
    "max(list: array[number] | array[string]) -> number | string | null",
    "Returns the largest element; null for an empty list.",
    ("max(@)", [2, 7, 5], 7),
)
NUMBERS.describe(
    "min(list: array[number] | array[string]) -> number | string | null",
    "Returns the smallest element; null for an empty list.",
    ("min(@)", ["b", "a"], "a"),
)
NUMBERS.describe(
    "sum(numbers: array[number]) -> number", "Adds up a list.", ("sum([*].price)", [{"price": 2}, {"price": 3}], 5)
)
NUMBERS.describe(
    "to_number(value: any) -> number | null",
    "Reads a text as a number; null where it is none.",
    ("to_number(@)", "3.5", 3.5),
)


@NUMBERS.add("add(*numbers: number) -> number", "Adds numbers.", ("add(a, b, `1`)", {"a": 2, "b": 0.5}, 3.5))
def add(call: Call, *numbers: Number) -> Number:
    return sum(numbers)


@NUMBERS.add("subtract(number: number, less: number) -> number", "Subtracts.", ("subtract(@, `2`)", 5, 3))
def subtract(call: Call, number: Number, less: Number) -> Number:
    return number - less


@NUMBERS.add(
    "multiply(*numbers: number) -> number", "Multiplies.", ("multiply(price, count)", {"price": 2.5, "count": 4}, 10.0)
)
def multiply(call: Call, *numbers: Number) -> Number:
    return reduce(partial(_product, call), numbers)


@NUMBERS.add(
    "divide(number: number, by: number) -> number",
    "Divides; fails where `by` is 0.",
    ("divide(@, `4`)", 10, 2.5),
    ("multiply(divide(done, total), `100`)", {"done": 3, "total": 4}, 75.0),
    ("divide(@, `5`)", 10, 2),
)
def divide(call: Call, number: Number, by: Number) -> Number:
    _check_divisor(call, number, by)
    if isinstance(number, int) and isinstance(by, int) and number % by == 0:
        return number // by
    return number / by


@NUMBERS.add(
    "mod(number: number, by: number) -> number",
    "Returns the remainder, which has the sign of `by`.",
    ("mod(@, `5`)", 17, 2),
    ("mod(@, `7`)", -1, 6),
)
def mod(call: Call, number: Number, by: Number) -> Number:
    _check_divisor(call, number, by)
    return number % by


@NUMBERS.add(
    "power(base: number, exponent: number) -> number",
    "Raises to a power.",
    ("power(@, `2`)", 9, 81),
    ("power(@, `0.5`)", 9, 3.0),
)
def power(call: Call, base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int) and exponent > 0:
        _take_bits(call, base.bit_length() * exponent)
    elif base == 0 and exponent < 0:
        raise ValueError("it divides by 0")
    result: Number | complex = base**exponent
    if isinstance(result, complex):
        raise ValueError("the root of a negative number is no number")
    return result


@NUMBERS.add(
    "round(number: number, digits?: number) -> number",
    "Rounds to so many digits behind the point (none by default), halves away from zero.",
    ("round(@)", 2.5, 3),
    ("round(@, `2`)", 3.14159, 3.14),
    ("round(@, `-2`)", 1250, 1300),
)
def round_number(call: Call, number: Number, digits: Number = 0) -> Number:
    rounded = _rounded(number, digits)
    return int(rounded) if digits <= 0 else float(rounded) if isinstance(number, float) else number


@NUMBERS.add(
    "to_fixed(number: number, digits: number) -> string",
    "Writes a number with so many digits behind the point.",
    ("to_fixed(@, `2`)", 3.5, "3.50"),
)
def to_fixed(call: Call, number: Number, digits: Number) -> str:
    whole_number(digits, 0, MAX_DIGITS, "digits")
    return f"{_rounded(number, digits):f}"


def whole_number(number: Number, least: int, most: int, name: str) -> int:
    """Returns the number as an integer. Raises ValueError where it is none, or is out of bounds."""
    if number != number // 1 or not least <= number <= most:
        raise ValueError(f"`{name}` must be a whole number from {least} to {most}")
    return int(number)


def _rounded(number: Number, digits: Number) -> Decimal:
    places = whole_number(digits, -MAX_DIGITS, MAX_DIGITS, "digits")
    if isinstance(number, int) and abs(number) >= 10**300:
        raise ValueError("the number is too large to be rounded")
    return Decimal(repr(number)).quantize(Decimal((0, (1,), -places)), context=_EXACT)


def _product(call: Call, one: Number, other: Number) -> Number:
    if isinstance(one, int) and isinstance(other, int):
        _take_bits(call, one.bit_length() + other.bit_length())
    return one * other


def _take_bits(call: Call, bits: int) -> None:
    """Take the steps of a product of so many bits, whose time is quadratic. Raises NotJson and Exceeded."""
    if bits > MAX_INTEGER_BITS:
        raise NotJson("gives a number with thousands of digits")
    if bits > _USUAL_BITS:
        call.budget.take((bits // 256) ** 2 // 6)
        call.budget.build(bits // 8)


def _check_divisor(call: Call, number: Number, by: Number) -> None:
    if by == 0:
        raise ValueError("it divides by 0")
    if isinstance(number, int):
        _take_bits(call, number.bit_length())
