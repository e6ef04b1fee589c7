# ruff: noqa: E501 (a regular expression is read in one piece)
"""Finding a shop's words in a clause: options, attributes, brands, categories, shipping methods."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from itertools import pairwise

from agentpay.intents.entities.lexicon import SHORT_BRAND, Chunk, Entry, Lexicon, chunks
from agentpay.intents.entities.measures import find_measures
from agentpay.intents.entities.numerals import number as numeral
from agentpay.intents.entities.placing import is_option
from agentpay.intents.entities.several import Found, beside, changed, contrast, is_replaced, joined
from agentpay.intents.entities.spans import Span, free
from agentpay.intents.entities.spellings import COLORS
from agentpay.intents.gating import Gated
from agentpay.intents.words import holds, word_set

_SHIPPING_NEAR = re.compile(
    r"\b(ship|ships|shipping|shipped|deliver|delivery|post|postage|send|method|mail|courier|cost|costs|total|how much|upgrade|what'?s|quick(?:er|ly)?|fast(?:er|est)?|asap|hurry|urgent(?:ly)?|rush|in time|arrive|(?:get|gets|getting|reach|reaches|go|goes) (?:it )?(?:there|here|to|over)|reach|reaches)\b",
    re.IGNORECASE,
)
_ORDINARY_METHODS = word_set(
    "standard express ground priority economy regular local tracked insured freight courier normal collection next day pickup store "
    "home garage door depot office work studio"
)
"""Words of shipping methods that say other things, too."""
_AT_A_PLACE = re.compile(
    r"\b(?:my|your|his|her|our|their|the|an?|at|in|from|am|is|be|stay\w*|go|going|come|coming|left)\s+$", re.IGNORECASE
)
"""Before the garage, the office or home, where they are places and no ways of shipping."""
_TO_BE_SENT = re.compile(
    r"\s+(?:(?:[a-z]+ )?(?:delivery|shipping|post|postage|courier|mail)\b|to\s+(?:\d|my (?:home|address|place|work|office)\b))",
    re.IGNORECASE,
)
"""Behind a word that calls an option and a way of shipping alike: "standard delivery", "standard to 7 Mill Lane"."""
_CARRIES = word_set("courier parcel")
_CARRIED = re.compile(
    r"\b(?:by|via|per|with|use|take|choose|prefer|want|or|vs|versus|for|than|standard|express|is)(?: (?:the|an?))?\s+$",
    re.IGNORECASE,
)
"""Who or what carries is a way of shipping behind these: "by courier", and not in "the courier never came"."""
_STANDS_ALONE = re.compile(r"\s*(?:(?:please|pls|plz|thanks|thx|ta|then)\b)?\s*(?:[.,!;]|to\b|$)", re.IGNORECASE)
"""Behind a way of shipping that is named beside an address: "my birthday is on friday so express pls"."""
_IS_FINE = re.compile(r"'s (?:fine|ok|okay|good|great|grand|perfect|enough|plenty)\b", re.IGNORECASE)
"""What follows a value that is agreed to: "priority's fine"."""
_ONE_BEHIND = re.compile(r"(?:'s)?\s+ones?\b", re.IGNORECASE)
_OR_BEHIND = re.compile(r"\s+(?:or|vs\.?|versus|against|and)\s", re.IGNORECASE)
_OR = re.compile(r"\b(?:or|vs|versus)\b", re.IGNORECASE)
_ENOUGH = re.compile(r"\s+(?:enough|morning|afternoon|evening|day to)\b", re.IGNORECASE)
"""What follows a word that is no value: "small enough for a boot", "good morning"."""
_COLOR = Gated(
    rf"\bin\s+(?:an?\s+|the\s+)?(?P<in>(?:(?:dark|light|pale|bright|deep|neon|pastel)\s+)?(?:{'|'.join(sorted(COLORS))}))\b(?!\s+[a-z]+(?:ing)\b)"
    rf"|\b(?P<one>(?:(?:dark|light|pale|bright|deep|neon|pastel)\s+)?(?:{'|'.join(sorted(COLORS))}))\s+(?:ones?|version|variant|colou?r)\b"
    rf"|\b(?P<of>{'|'.join(sorted(COLORS))})\s+(?P<goods>[a-z]{{3,}})\b",
    re.IGNORECASE,
)


def find_words(
    lexicon: Lexicon,
    text: str,
    taken: Sequence[Span] = (),
    *,
    asked_for: str | None = None,
    addressed: bool = False,
) -> Found:
    """Everything of the shop's vocabulary in a clause, the longest runs of chunks first; `taken` are spans already understood otherwise.

    `addressed`: the message gives an address, so that a word which alone calls a way of shipping is one.
    """
    found = Found()
    parts = [c for c in chunks(text) if free(taken, c.start, c.end)]
    if any(span.kind == "address" for span in taken):
        asked_for = "shipping"
    if lexicon.measures:
        _measured(lexicon, text, taken, found)
        parts = [c for c in parts if free(found.spans, c.start, c.end)]
    if changed(lexicon, text, found):
        parts = [c for c in parts if free(found.spans, c.start, c.end)]
    _named_values(lexicon, text, parts, found)
    parts = _counted_values(lexicon, text, parts, found)
    if asked_for == "variant":
        parts = [_in_digits(part) for part in parts]
    position = 0
    while position < len(parts):
        step = 1
        corrected = lexicon.slip(parts[position].text) if parts[position].text not in lexicon.words else None
        if corrected is not None:
            parts[position] = Chunk(corrected, parts[position].start, parts[position].end)
        known = parts[position].text in lexicon.begin
        for size in range(min(lexicon.longest, len(parts) - position), 0, -1) if known else ():
            run = parts[position : position + size]
            entries = lexicon.entries.get(tuple(c.text for c in run))
            if (
                entries
                and _whole(text, run, possessive=any(entry.kind == "brand" for entry in entries))
                and free(found.spans, run[0].start, run[-1].end)
                and _take(
                    lexicon,
                    text,
                    parts,
                    position,
                    run,
                    _sent_so(text, parts, run, entries, asked_for, addressed=addressed),
                    found,
                    asked_for,
                    addressed,
                )
            ):
                step = size
                break
        position += step
    if (found.shipping_method is None and "shipping_method" not in found.instead_of) or _OR.search(text):
        _sent_in_a_way(lexicon, text, taken, found, answers=asked_for == "shipping")
    _unknown_color(lexicon, text, taken, found)
    return found


def _in_digits(part: Chunk) -> Chunk:
    """ "Seventy" as an answer to "Which length?" is 70."""
    value = numeral(part.text) if part.text.isalpha() else None
    return Chunk(str(value), part.start, part.end) if value and value > 1 else part


def _sent_in_a_way(lexicon: Lexicon, text: str, taken: Sequence[Span], found: Found, *, answers: bool) -> None:
    """Ways of shipping that are called otherwise than the shop calls them: "I'll fetch it myself", "the quick one"."""
    for way in lexicon.ways.find(text, answers=answers):
        if way.method == found.shipping_method or not free(
            [*(span for span in taken if span.kind != "date"), *found.spans], way.start, way.end
        ):
            continue
        found.spans.append(Span(way.start, way.end, "shipping", Entry("shipping", "shipping", way.method)))
        if way.replaced:
            found.instead_of.setdefault("shipping_method", way.method)
        else:
            _ship(text, way.method, way.start, found)


def _named_values(lexicon: Lexicon, text: str, parts: list[Chunk], found: Found) -> None:
    """ "size 43", "color: blue": the option's own name, then a value, known to the shop or not."""
    for position in range(len(parts)):
        for size in (2, 1) if parts[position].text in lexicon.begin_called else ():
            name = lexicon.called.get(tuple(c.text for c in parts[position : position + size]))
            after = position + size
            if name is None or after >= len(parts):
                continue
            between = text[parts[after - 1].end : parts[after].start]
            if between.strip(" :=#") or name in found.options:
                continue
            _named_value(lexicon, text, parts, position, after, name, found)
            break


def _counted_values(lexicon: Lexicon, text: str, parts: list[Chunk], found: Found) -> list[Chunk]:
    """ "12 tubs", "the 1000 piece one": a number before the name of the option that has it as a value; the other chunks."""
    taken: list[Chunk] = []
    for number, name in pairwise(parts):
        if not number.text.isdigit() or text[number.end : name.start].strip(" -"):
            continue
        called = lexicon.called.get((name.text,)) or lexicon.called.get((f"{name.text}s",))
        for entry in lexicon.entries.get((number.text,), ()):
            if entry.kind == "option" and entry.name == called and called not in found.options:
                found.options[entry.name] = entry.value
                found.spans.append(Span(number.start, name.end, "option", entry))
                taken += [number, name]
    return [chunk for chunk in parts if chunk not in taken]


def _named_value(
    lexicon: Lexicon, text: str, parts: list[Chunk], position: int, after: int, name: str, found: Found
) -> None:
    for length in range(min(3, len(parts) - after), 0, -1):
        run = parts[after : after + length]
        for entry in lexicon.entries.get(tuple(c.text for c in run), ()):
            if entry.kind == "option" and entry.name == name and _whole(text, run):
                found.options[name] = entry.value
                found.spans.append(Span(parts[position].start, run[-1].end, "option", entry))
                return
    first = parts[after]
    unknown = text[first.start : first.end]
    if (unknown.isdigit() or (unknown.isupper() and len(unknown) <= 4 and unknown != "I")) and _whole(text, [first]):
        found.options[name] = unknown
        found.spans.append(Span(parts[position].start, first.end, "option", Entry("option", name, unknown)))


def _sent_so(
    text: str, parts: list[Chunk], run: list[Chunk], entries: list[Entry], asked_for: str | None, *, addressed: bool
) -> list[Entry]:
    """The entries without the options, where words that are also a way of shipping are that: "standard", of a shop that has standard bouquets."""
    if len(entries) < 2 or asked_for == "variant" or all(entry.kind != "shipping" for entry in entries):
        return entries
    alone = all(chunk in run or chunk.text in _SHIPPING_FILLER for chunk in parts)
    sent = asked_for == "shipping" or (addressed and alone) or _TO_BE_SENT.match(text, run[-1].end) is not None
    return [entry for entry in entries if entry.kind not in ("option", "attribute")] if sent else entries


def _take(
    lexicon: Lexicon,
    text: str,
    parts: list[Chunk],
    position: int,
    run: list[Chunk],
    entries: list[Entry],
    found: Found,
    asked_for: str | None,
    addressed: bool,
) -> bool:
    """Takes what fits of the entries for a run of chunks; True where the run is used up."""
    start, end = run[0].start, run[-1].end
    written = text[start:end]
    if _ENOUGH.match(text, end):
        return False
    further: Entry | None = None
    for entry in entries:
        # A genre may be a category, too: the attribute uses the words up, the category is known nevertheless
        if entry.kind == "category" and found.category is None:
            found.category = entry.value
    for entry in entries:
        if entry.kind == "option" and found.options.get(entry.name) != entry.value:
            if not is_option(
                text,
                parts,
                position,
                run,
                asked_for,
                unit_left_out=entry.value.lower() != written.lower(),
                another=entry.name in found.options,
            ):
                continue
            if entry.name not in found.instead_of and is_replaced(text, start):
                found.instead_of[entry.name] = entry.value
                found.spans.append(Span(start, end, "option", entry))
                return True
            if entry.name in found.options:
                if contrast(text, entry, start, end, found):
                    return True
                if entry.name not in found.of_names or joined(text, found.of_names[entry.name], start):
                    further = further or entry
                    continue
            found.options[entry.name] = entry.value
            if _part_of_name(lexicon, parts, position, run):
                found.of_names[entry.name] = end
            else:
                found.of_names.pop(entry.name, None)
                found.spans.append(Span(start, end, "option", entry))
            return True
        if entry.kind == "shipping" and found.shipping_method != entry.value:
            alone = not any(
                c for c in parts if c not in run and c.text not in lexicon.shipping_words | _SHIPPING_FILLER
            )
            if len(run) == 1 and not alone and asked_for != "shipping" and _is_something_else(text, run[0]):
                continue
            if (
                len(run) > 1
                or _SHIPPING_NEAR.search(text)
                or asked_for == "shipping"
                or alone
                or run[0].text not in _ORDINARY_METHODS
                or (addressed and _STANDS_ALONE.match(text, end) is not None)
                or _beside_another(text, start, found)
            ):
                found.spans.append(Span(start, end, "shipping", entry))
                _ship(text, entry.value, start, found)
                return True
        if (
            entry.kind == "attribute"
            and entry.name not in found.attributes
            and _take_attribute(lexicon, text, run, entry, found)
        ):
            return True
        if entry.kind == "brand" and found.brand != entry.value and (len(written) > 3 or written[0].isupper()):
            if entry.value.lower() in _ORDINARY and not written[0].isupper():
                continue
            if entry.name == SHORT_BRAND and not _called_short(text, start, end):
                continue
            if found.brand is None:
                found.brand = entry.value
            else:
                found.name_also("brand", entry.value)
    return further is not None and beside(further, start, end, found)


def _called_short(text: str, start: int, end: int) -> bool:
    """Whether a brand's first word stands like a name: "the Marrow", "a kereru one", and not as any sentence begins."""
    if _ONE_BEHIND.match(text, end):
        return True
    return text[start].isupper() and (text[:start].strip(" \"'(") != "" or _OR_BEHIND.match(text, end) is not None)


def _beside_another(text: str, start: int, found: Found) -> bool:
    return any(span.kind == "shipping" and joined(text, span.end, start) for span in found.spans)


def _ship(text: str, method: str, start: int, found: Found) -> None:
    """A way of shipping: the first one, one that it takes the place of, or a further one."""
    if is_replaced(text, start):
        found.instead_of.setdefault("shipping_method", method)
    elif found.shipping_method is None:
        found.shipping_method = method
    else:
        found.name_also("shipping_method", method)


def _is_something_else(text: str, word: Chunk) -> bool:
    """Of one word of a way of shipping: the article for "A-Post", or a place for "Home delivery"."""
    if len(word.text) == 1:
        return not text[word.start : word.end].isupper() or word.start == 0
    if word.text in _CARRIES and not _CARRIED.search(text[: word.start]) and not _TO_BE_SENT.match(text, word.end):
        return True
    return word.text in _ORDINARY_METHODS and _AT_A_PLACE.search(text[: word.start]) is not None


def _take_attribute(lexicon: Lexicon, text: str, run: list[Chunk], entry: Entry, found: Found) -> bool:
    start, end = run[0].start, run[-1].end
    yes_no = lexicon.yes_no.get(entry.name)
    if yes_no is not None:
        before = text[max(0, start - 8) : start].lower()
        negated = re.search(r"(?:\bnot|\bnon|\bisn't)[\s-]+$", before)
        wanted = yes_no.get(negated is None) or ("no" if negated else "yes")
        found.attributes[entry.name] = wanted
        if negated is None and _names_goods(lexicon, text, run):
            return True  # "USB-C cables", where a cable is called so: part of the name as well
        found.spans.append(Span(start - len(negated.group()) if negated else start, end, "attribute", entry))
        return True
    if all(c.text in lexicon.title_words for c in run):
        return False
    found.attributes[entry.name] = entry.value
    found.spans.append(Span(start, end, "attribute", entry))
    return True


def _names_goods(lexicon: Lexicon, text: str, run: Sequence[Chunk]) -> bool:
    """Whether the words and the one behind them are all words of titles."""
    behind = re.match(r"[\s-]+([^\W_]+)", text[run[-1].end :])
    if behind is None:
        return False
    noun = behind[1].casefold()
    known = lexicon.title_words
    return holds(known, noun) and all(chunk.text in known for chunk in run)


def _part_of_name(lexicon: Lexicon, parts: list[Chunk], position: int, run: list[Chunk]) -> bool:
    """Whether an option's value is also a word of a title ("Rose water") and stands there without "in" or the like."""
    if not all(c.text in lexicon.title_words for c in run):
        return False
    if run[-1].text.isdigit() or len(run[0].text) <= 2:
        return False
    before = parts[position - 1].text if position else ""
    following = parts[position + len(run)].text if position + len(run) < len(parts) else ""
    return before not in {"in", "size", "color", "colour"} and following not in {
        "one",
        "ones",
        "please",
        "version",
    }


def _measured(lexicon: Lexicon, text: str, taken: Sequence[Span], found: Found) -> None:
    """Values that are a measure, said in other units or words: "half a kilo" for 500g."""
    for start, end, size in find_measures(text):
        entry = lexicon.measures.get(size)
        if entry is None or not free([*taken, *found.spans], start, end):
            continue
        if entry.name in found.options:
            if not contrast(text, entry, start, end, found):
                beside(entry, start, end, found)
        else:
            found.options[entry.name] = entry.value
            found.spans.append(Span(start, end, "option", entry))


def _unknown_color(lexicon: Lexicon, text: str, taken: Sequence[Span], found: Found) -> None:
    """A colour the shop does not have is one nevertheless ("does it come in green?"), so that the answer can be an honest no."""
    name = lexicon.color_option
    if name is None or name in found.options:
        return
    for match in _COLOR.finditer(text):
        group = "in" if match["in"] else "one" if match["one"] else "of"
        if group == "of" and match["goods"].lower().removesuffix("s") not in lexicon.title_words:
            continue
        color = match[group].lower()
        if color.split()[-1] not in lexicon.title_words and free([*taken, *found.spans], *match.span(group)):
            found.options[name] = color
            found.spans.append(Span(*match.span(group), "option", Entry("option", name, color)))
            return


def _whole(text: str, run: Sequence[Chunk], *, possessive: bool = False) -> bool:
    """Whether the run begins and ends where words do, and holds no sentence's end; `possessive`: "'s" may follow."""
    start, end = run[0].start, run[-1].end
    if start > 0 and (text[start - 1].isalnum() or text[start - 1] in "'_"):
        return False
    if start > 1 and text[start - 1] == "-" and text[start - 2].isalnum() and len(run[0].text) <= 3:
        return False  # the end of a code: "GG-10", "SQ-M"
    if end < len(text) and (text[end].isalnum() or text[end] in "_"):
        return False
    if re.match(r"'[a-zA-Z]", text[end : end + 2]) and not (
        _IS_FINE.match(text, end) or (possessive and text[end : end + 3] == "'s ")
    ):
        return False
    return not any(set(text[a.end : b.start]) & set(",;!?\n") for a, b in itertools.pairwise(run))


_SHIPPING_FILLER = word_set(
    "please is s fine ok works good the a yes i then with will do take go for d prefer that "
    "or vs versus than not of by changed mind "
    "thanks would like just use instead what about how change switch to rather it ok so lets let and "
    "make it'll i'll ill we'll want wanna choose pls plz one send ship me my using shall be thx cheers now"
)
_ORDINARY = word_set(
    "next gap apple fossil shell guess champion target north ring nest orange echo mango dove puma dash core basics simple pure "
    "native black white blue red green gold silver royal sun moon vision method origins clinique fresh boss diesel"
)
