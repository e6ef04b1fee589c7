"""Shares of order lines: whatever is taken, in whatever portions, the parts sum to the whole."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from agentpay.commerce.pricing import half_up
from agentpay.commerce.shares import Change, PaidLine, Taken, Target, become, part_of, rearrange, share, without

A, B, C = (UUID(int=n) for n in (1, 2, 3))


def flat(net: int, _old_net: int, _old_tax: int) -> int:
    return half_up(net * 725, 10_000)


@st.composite
def lines(draw: st.DrawFn) -> PaidLine:
    quantity = draw(st.integers(1, 40))
    price = draw(st.integers(0, 30_000))
    discount = draw(st.integers(0, price * quantity))
    tax = draw(st.integers(0, price * quantity - discount))
    return PaidLine(A, A, quantity, price, discount, tax)


@given(lines(), st.data())
def test_parts_sum_to_the_line_whatever_is_given_up_in_between(line: PaidLine, data: st.DataObject) -> None:
    """Parts come and go again (a return that was refused); what is taken in the end is the line, to the cent."""
    held: list[PaidLine] = []
    for _ in range(data.draw(st.integers(0, 12))):
        taken = Taken(*(sum(getattr(p, n) for p in held) for n in ("quantity", "discount", "tax")))
        room = line.quantity - taken.quantity
        if room and (not held or data.draw(st.booleans())):
            part = part_of(line, data.draw(st.integers(1, room)), taken)
            assert 0 <= part.discount <= part.unit_price * part.quantity + 1
            held.append(part)
        elif held:
            held.pop(data.draw(st.integers(0, len(held) - 1)))
    taken = Taken(*(sum(getattr(p, n) for p in held) for n in ("quantity", "discount", "tax")))
    if taken.quantity < line.quantity:
        held.append(part_of(line, line.quantity - taken.quantity, taken))
    assert sum(part.quantity for part in held) == line.quantity
    assert sum(part.discount for part in held) == line.discount
    assert sum(part.tax for part in held) == line.tax
    assert sum(part.paid(tax_included=False) for part in held) == line.paid(tax_included=False)


def test_a_cent_that_cannot_be_split_is_lost_nowhere() -> None:
    line = PaidLine(A, A, 3, 1000, 100, 0)
    first = part_of(line, 1)
    second = part_of(line, 1, Taken(1, first.discount, 0))
    third = part_of(line, 1, Taken(2, first.discount + second.discount, 0))
    assert [part.discount for part in (first, second, third)] == [33, 34, 33]
    assert without(line, first).discount == 67
    assert share(5, 2, 1) == 3


@given(lines(), st.integers(0, 60_000), st.integers(1, 60), st.integers(0, 20_000))
def test_what_units_become_keeps_the_floor(line: PaidLine, price: int, quantity: int, floor: int) -> None:
    floor = min(floor, price)
    made = become([line], Target(B, price, floor), quantity, flat)
    assert 0 <= made.discount <= line.discount
    assert made.net >= floor * quantity
    assert made.tax == flat(made.net, 0, 0)


@given(lines(), st.data())
def test_a_swap_moves_whole_units_and_keeps_the_rest(line: PaidLine, data: st.DataObject) -> None:
    quantity = data.draw(st.integers(1, line.quantity))
    after = rearrange([line], [Change(A, quantity, Target(B, 500), quantity)], flat)
    assert after is not None
    assert sum(each.quantity for each in after) == line.quantity
    rest = [each for each in after if each.variant_id == A]
    assert sum(each.quantity for each in rest) == line.quantity - quantity
    assert all(each.discount >= 0 and each.tax >= 0 for each in after)


def test_two_variants_can_be_swapped_for_each_other() -> None:
    before = [PaidLine(A, A, 1, 100, 0, 0), PaidLine(B, B, 2, 200, 0, 0)]
    after = rearrange(before, [Change(A, 1, Target(B, 200), 1), Change(B, 2, Target(A, 100), 2)], flat)
    assert after is not None
    assert [(each.variant_id, each.quantity) for each in after] == [(B, 1), (A, 2)]
    assert rearrange(before, [Change(A, 2, Target(B, 200), 2)], flat) is None
    assert rearrange(before, [Change(C, 1, Target(B, 200), 1)], flat) is None


def test_fewer_and_more_units() -> None:
    before = [PaidLine(A, A, 3, 1000, 100, 0)]
    fewer = rearrange(before, [Change(A, 3, Target(A, 1200), 1)], flat)
    assert fewer == [PaidLine(A, A, 1, 1000, 33, 0)]
    more = rearrange(before, [Change(A, 3, Target(A, 1200), 4)], flat)
    assert more == [before[0], PaidLine(None, A, 1, 1200, 0, flat(1200, 0, 0))]
    assert rearrange(before, [Change(A, 3, Target(A, 1200), 0)], flat) == []
