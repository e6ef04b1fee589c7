"""The card form's checks and the webhook signatures, without a server."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agentpay.commerce.payments.protocol import SignatureError
from agentpay.commerce.payments.sandbox import cards
from agentpay.commerce.payments.signatures import TOLERANCE_SECONDS, sign, verify

NOW = datetime(2026, 6, 15, tzinfo=UTC)


def errors(number: str = "4242424242424242", expiry: str = "12/40", cvc: str = "123") -> set[str]:
    try:
        cards.parse(number, expiry, cvc, now=NOW)
    except cards.CardError as error:
        return set(error.errors)
    return set()


def test_luhn() -> None:
    assert cards.luhn("4242424242424242")
    assert cards.luhn("79927398713")  # the example of ISO/IEC 7812-1
    assert not cards.luhn("79927398710")
    assert all(cards.luhn(number) for number in cards.MAGIC)


@pytest.mark.parametrize(
    "number", ["4242 4242 4242 4242", "4242-4242-4242-4242", "5555555555554444", "378282246310005"]
)
def test_numbers_as_people_write_them(number: str) -> None:
    assert errors(number=number) == set()


@pytest.mark.parametrize("number", ["", "4242", "4242424242424241", "4242x42424242424", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢"])
def test_numbers_that_are_none(number: str) -> None:
    assert errors(number=number) == {"card_number"}


@pytest.mark.parametrize("expiry", ["06/26", "6/26", "0626", "12/2031", " 07 / 27 ", "07-27"])
def test_dates_as_people_write_them(expiry: str) -> None:
    assert errors(expiry=expiry) == set()


@pytest.mark.parametrize("expiry", ["05/26", "12/25", "13/30", "00/30", "", "1/1", "12/1999"])
def test_dates_that_are_past_or_none(expiry: str) -> None:
    assert errors(expiry=expiry) == {"expiry"}


def test_all_that_is_wrong_is_said_at_once() -> None:
    assert errors("1", "1", "1") == {"card_number", "expiry", "cvc"}


def test_a_card_does_not_show_its_number() -> None:
    card = cards.parse("4000 0000 0000 0002", "12/40", "123", now=NOW)
    assert "4000" not in repr(card)
    assert card.as_json() == {"type": "card", "brand": "visa", "last4": "0002"}
    assert card.behaviour == "decline"
    assert cards.parse("5555555555554444", "12/40", "123", now=NOW).behaviour is None


def test_signatures() -> None:
    body = b'{"id": "evt_1"}'
    header = sign("secret", body, timestamp=1000)
    verify("secret", body, header, now=1000 + TOLERANCE_SECONDS)
    verify("secret", body, f"t=1000,v1=00,{header.split(',')[1]}", now=1000)  # a secret that is being rotated
    for wrong in (
        None,
        "",
        "t=1000",
        "v1=ab",
        f"t=x,{header.split(',')[1]}",
        header[:-1],
        header.replace("1000", "1001"),
    ):
        with pytest.raises(SignatureError):
            verify("secret", body, wrong, now=1000)
    for late in (1001 + TOLERANCE_SECONDS, 999 - TOLERANCE_SECONDS):
        with pytest.raises(SignatureError):
            verify("secret", body, header, now=late)
    with pytest.raises(SignatureError):
        verify("another", body, header, now=1000)


def test_stripes_own_verifier_takes_our_signature() -> None:
    stripe = pytest.importorskip("stripe", reason="the stripe extra is not installed")
    body = b'{"id": "evt_1", "object": "event"}'
    assert stripe.WebhookSignature.verify_header(body.decode(), sign("secret", body), "secret", tolerance=300)
