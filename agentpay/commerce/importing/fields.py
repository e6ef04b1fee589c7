"""The kinds of values in a store file."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

import pycountry
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, ValidationInfo

MAX_MONEY = 10**12

_RELATIVE = re.compile(r"([+-]?)\s*(\d{1,6})\s*([wdhm])", re.IGNORECASE)
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}


class ImportRow(BaseModel):
    """Unknown keys are errors; a number may stand where a text is meant (`postal_code: 97201`)."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True, str_strip_whitespace=True)


def _printable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain the NUL character")
    return value


def _when(value: Any, info: ValidationInfo) -> datetime:
    """ISO 8601 (UTC where no offset is given), a date, or a distance from now: "-13d", "+2h", "-30m", "6w"."""
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime.combine(value, time())
    elif isinstance(value, str):
        relative = _RELATIVE.fullmatch(value.strip())
        if relative:
            sign, count, unit = relative.groups()
            now: datetime = (info.context or {}).get("now") or datetime.now(UTC)
            distance = timedelta(**{_UNITS[unit.lower()]: int(count)})
            try:
                return now - distance if sign == "-" else now + distance
            except OverflowError:
                raise ValueError("is too far from now") from None
        try:
            found = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError(
                'is no time: write "2026-11-01T15:00:00Z", or a distance from now such as "-13d"'
            ) from None
    else:
        raise ValueError('is no time: write "2026-11-01T15:00:00Z", or a distance from now such as "-13d"')
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _country(value: str) -> str:
    if pycountry.countries.get(alpha_2=value) is None:
        raise ValueError(f"{value} is no country: use ISO 3166-1 alpha-2 codes such as US or DE")
    return value


def _attribute(value: Any) -> Any:
    """Texts, numbers, yes/no, and lists of texts or numbers; 6.0 is kept as 6."""
    if isinstance(value, list):
        if any(isinstance(item, list | dict) or item is None for item in value):
            raise ValueError("a list may hold texts and numbers only")
        return [_attribute(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return _printable(value)
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, date):
        return value.isoformat()
    raise ValueError("must be a text, a number, yes or no, or a list of them")


Text = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_printable)]
LongText = Annotated[str, Field(max_length=100_000), AfterValidator(_printable)]
ExternalId = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
Money = Annotated[StrictInt, Field(ge=0, le=MAX_MONEY)]
Count = Annotated[StrictInt, Field(ge=0, le=10**9)]
When = Annotated[datetime, BeforeValidator(_when)]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$"), AfterValidator(_country)]
Attribute = Annotated[Any, AfterValidator(_attribute)]
Options = Annotated[dict[Text, Text], Field(max_length=20)]
