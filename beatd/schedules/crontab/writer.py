"""One field of a crontab as its canonical text, which reads back as the same field."""

from functools import lru_cache

from beatd.schedules.crontab.fields import DAY_OF_WEEK, Field, FieldKind, Hashed, Mark, bits, everything


@lru_cache(maxsize=16_384)
def write_field(kind: FieldKind, field: Field) -> str:
    """Return the canonical text. Weekdays are named, months are numbers; values come first, then L, W, #, then H."""
    words = [_write_starred(kind, field.mask)] if field.star else []
    if field.mask and not field.star:
        words.append(_write_values(kind, field.mask))
    words += [_write_mark(kind, mark) for mark in field.marks]
    words += [_write_hashed(kind, hashed) for hashed in field.hashed]
    return ",".join(words)


def _write_starred(kind: FieldKind, mask: int) -> str:
    if mask == everything(kind):
        return "*"
    steps = ((step, _every(kind, step)) for step in range(2, kind.high - kind.low + 1))
    step, stepped = next((step, each) for step, each in steps if each & mask == each)
    rest = mask & ~stepped
    return f"*/{step}" + ("," + _write_values(kind, rest) if rest else "")


def _every(kind: FieldKind, step: int) -> int:
    return sum(1 << value for value in range(kind.low, kind.high + 1, step))


def _write_values(kind: FieldKind, mask: int) -> str:
    values = list(bits(mask))
    step = values[1] - values[0] if len(values) > 5 else 1
    if step > 1 and values == list(range(values[0], values[-1] + 1, step)):
        return f"{values[0]}-{values[-1]}/{step}"
    return ",".join(_write_run(kind, run) for run in _runs(kind, values))


def _runs(kind: FieldKind, values: list[int]) -> list[list[int]]:
    runs = [[values[0]]]
    for value in values[1:]:
        if value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    # A weekend is one run, sat-mon, to people; hours and dates are not written round the corner unasked.
    if kind is DAY_OF_WEEK and len(runs) > 1 and (values[0], values[-1]) == (kind.low, kind.high):
        runs.append(runs.pop() + runs.pop(0))
    return runs


def _write_run(kind: FieldKind, run: list[int]) -> str:
    words = [_write_value(kind, value) for value in run]
    return f"{words[0]}-{words[-1]}" if len(run) > 2 else ",".join(words)


def _write_value(kind: FieldKind, value: int) -> str:
    return kind.names[value] if kind is DAY_OF_WEEK else str(value)


def _write_mark(kind: FieldKind, mark: Mark) -> str:
    if kind is DAY_OF_WEEK:
        return f"{kind.names[mark.number]}#{mark.nth}" if mark.sign == "#" else f"{kind.names[mark.number]}L"
    if mark.sign == "W":
        return f"{mark.number}W"
    return f"{mark.sign}-{mark.number}" if mark.number else mark.sign


def _write_hashed(kind: FieldKind, hashed: Hashed) -> str:
    low, high, step = hashed
    text = (
        "H"
        if (low, high) == (kind.low, kind.hash_high)
        else "H({}-{})".format(*(_write_value(kind, value) for value in (low, high)))
    )
    return f"{text}/{step}" if step else text
