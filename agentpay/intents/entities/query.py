# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""What is left of a clause as the words for a product."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from agentpay.intents.entities.spans import Span
from agentpay.intents.gating import AnyOf, Gated
from agentpay.intents.segment import IS_WANTED
from agentpay.intents.text import WORD, correct, expand
from agentpay.intents.words import holds, word_set

_PHRASES = AnyOf(
    r"\b(?:in|into|to|from|on|onto|out of|off|for|of)\s+(?:my|the|your|our|this|ur|ya)\s+(?:current\s+)?(?:shopping\s+)?(?:cart|basket|bag|trolley|list|shop|store|site|website|catalogue?)\b"
    r"|\bat (?:the |its |their |a )?(?:normal|regular|full|usual|standard|original|listed|list|same|current) price\b|\b(?:in|out of) stock\b|\bfor (?:me|us|now|today)\b"
    r"|\b(?:that|this|it)(?:'?s| is) (?:right|correct|it|fine|the one|all)\b|,?\s*\bi (?:think|guess|suppose|believe)\b(?=\W*$)|\bin that case\b"
    r"|\b(?:i(?:'ve| have)? )?changed? (?:my|our) minds?\b|\bchange of (?:mind|plan)\b|\bon second thoughts?\b|\bfair enough\b|\bvery well\b|\b(?:with )?(?:the |my )?same (?:e-?mail|address|name)(?: address)?\b|\byourself a deal\b|\bgo (?:down|lower)(?: to)?\b|\b(?:right|just) now\b|\bas well\b|\bat all\b|\bby the way\b|\bbtw\b|\b(?:would|will|could) (?:that|this) work\b(?: for (?:you|u))?|\bif (?:you|that|it|u)\b.*$|\bas (?:a|an) (?:gift|present)\b|\bgift[- ]wrapp?(?:ed)?\b"
    r"|\b(?:an? )?(?:place|seat|spot|ticket)s? (?:in|on|at|for)\b|\bout again\b|,\s*(?:(?:it|they|that)(?:'s|'re| is| are) )?(?:way |far |much |a bit )?too [a-z]+\W*$"
    r"|\b(?:that|this|it|those|these|they)(?:'?s|'?re| is| are| would be)(?: exactly| just)? (?:the ones?|what|which) (?:i|we|im)\b.*$"
    r"|\binstead(?: of\b.*)?$|\b(?:thank you|thanks a lot|many thanks|no thanks)\b|\b(?:what|how) about\b|\bhow much\b|\bhow (?:big|heavy|long|tall|wide|large|thick|deep|loud|warm|strong|hot|good|old|high|comfortable)\b|\b(?:the )?(?:quantity|number|amount) of\b|\b(?:a |an |the )?(?:copy|copies|pairs?|packs?|packets?) of\b|\bhow many\b|\bkinds? of\b|\btypes? of\b|\bsorts? of\b|\bmore info(?:rmation)?\b"
    r"|\b(?:that|which) (?:is|are|will|would|can|could|has|have)\b|\b(?:and )?(?:i(?:'ll| will)|let me) (?:pay|check ?out)\b.*$|\bpay (?:now|for it)\b|\bsoon\b|\b(?:final|last|best) offer\b|\bfrom (?:my |the )?orders?\b|\bfor (?:my |the )?orders?\b|\b(?:with )?(?:\w+ )?(?:shipping|delivery|delivered|shipped) (?:to|for|from)\b.*$|,\s*(?:just|only|keep)\s.*$|\basap\b|\b(?:budget|price) (?:is|of)\b|\bmy budget\b|\bat (?:a )?(?:lower|better) price\b"
    r"|\b(?:in|with) (?:that|this|the same|which|my|a different|another|any other) (?:size|colou?r|version|style|finish|model|length|width)s?\b|\b(?:do|would|are|can) (?:you|u|ya)(?: \w+)? (?:sell|have|stock|carry|offer|keep|recommend|suggest)\b(?=\W*$)|\ba (?:bit|little|tad|touch) (?=(?:too )?(?:expensive|pric\w+|steep|much|dear|high|over|costly))|\bcome[s]? in\b|\bpayment link\b|\bany chance (?:of|for)\b|\b(?:is |was |seems |costs )?(?:a|quite a) (?:lot|bit much)(?: of money)?(?: for)?\b|\b(?:so|too) much money(?: for)?\b|\b(?:a )?(?:little|bit|tad|touch) (?:lower|cheaper|less)\b|\blower\b|\b(?:by|in) mistake\b|\b(?:box(?:es)?|bags?|bottles?|jars?|cans?|tins?|tubes?|rolls?|pieces?|units?) of (?:the|your|those|these|that)\b|\bwith (?:the )?(?:code|coupon|voucher)\b|\b(?:the )?(?:discount|promo|coupon|voucher) code\b",
    re.IGNORECASE,
)
_ONE_AND_WHY = Gated(
    r"(?<=\bone),\s.*$|(?<=\bones),\s.*$|,\s*(?:(?:because|since|as|cos|cause)\b|(?:it(?:'s| is| would be)|they(?:'re| are)) (?:\w+ )?\w+er\b|(?:much |far |a bit |more )?\w{3,}ier\b).*$",
    re.IGNORECASE,
)
"""Why something was chosen, which names nothing: "the grey one, easier to clean"."""
_ENOUGH = Gated(
    r"(?:\b(?:is|are|will be|would be|'?ll be)|'s)\s+(?:\w+ )?(?:enough|plenty|sufficient|all (?:i|we) need)\b.*$",
    re.IGNORECASE,
)
_CONTAINERS = Gated(
    r"\b(?P<container>bag|sack|bottle|jar|tin|tube|roll|box|pot|tray|case|set)(?:s|es)? of (?=[^\W\d_])", re.IGNORECASE
)
"""What goods come in; a name where titles have the word."""
_CODE_LEAD = Gated(
    r"\b(?:with |and |using )?(?:the |my |a )?(?:promo |discount )?(?:code|coupon|voucher)(?: is)?\W*(?=\0)",
    re.IGNORECASE,
)
_MONEY_LEAD = re.compile(r"\b(?:for|at|to|of|is|around|about)\s*$", re.IGNORECASE)

_LEAD = word_set("""
    ok okay alright hi hello hey yo there guys folks morning cheaper lighter warmer bigger smaller larger faster stronger yes yeah no please pls and also then so well actually now just but or i we you u he she they it its
    can could may might would will shall should do does did is are am was were be been being have has had having want wanted need needed
    like love prefer to buy get got getting order ordering purchase add put take grab give gimme show find see look looking search searching browse
    for after about at any some sell sells carry stock offer offers let lemme us me my our your their mine remove delete drop send throw toss
    include in into of with from on off out the a an this that these those tell more know explain describe info information details detail
    question questions what whats which who where when why how much many price prices cost costs costing interested hoping going gonna wondering
    wonder if whether think thinking still available availability another other others else extra keep make change switch swap exchange return
    refund replace check compare between difference better best versus recommend suggest recommendation suggestions suggestion
    something anything someone really very maybe perhaps great cool nice good fine sure thanks thank hmm oh um uh help picking choose choosing
    torn undecided deciding decide hesitating wavering meant say
    not don't dont want longer anymore instead rather than update set reduce increase one ones all both each every up go deal pick market
    would'd too wish try trying kindly lets let's im i'm id i'd ill i'll ive i've reserve hold pay paying says said mean again only as by
    hm hmmm ah aha ooh come comes coming arrive does it'll possible possibly currently today ya yall bring back forget ditch scrap lose leave skip without rid
    use never mind gift-wrap ever spare coloured colored accept shipped delivered cancel ship deliver negotiate afford expensive pricey too dear much so normal worth wanna sale review reviews seen saw please! quick happy new here hear heard made material book sign reorder scratch nix axe pop chuck bung sorry honestly unfortunately sadly oops whoops wait dear x
    """)  # fmt: skip
_TRAIL = word_set("""
    please pls plz thanks thank you thx hi ok okay yes no and also then so well now just but or i we u he she they it its he'd can could may might would will
    shall should do does did is are am was were be been being have has had to for after about at any some us me my our your their mine in include into of with
    from on off out the a an this that these those what whats which who where when why how much many are cost costs only again as by come comes coming
    arrive possible currently today ya yall available availability another other others else extra instead longer anymore one ones all both each
    every up left sold cart basket bag checkout online soon asap cheaper cheap stuff things thing item items product products exactly either far per total
    altogether lol haha man dude bro mate sir madam folks guys sizes size colours colors colour color cheapest expensive budget range works working
    price weigh fit fits run runs look looks feel waiting ready days times discount shipping delivery better best here too really very maybe made material
    different actually sorry tho though coloured colored limit least most minimum maximum if back sure fine good nice great there still already over under both worth normal options option shipped sent delivered posted straight away immediately max maximum
    completely entirely totally aside anyway
    """)
_POINTING = word_set(
    "it that this them those these one ones same its other another thing things item items product products stuff something anything everything all both first second third last option options"
)
_SOLD_PERHAPS = word_set("pop book books bag bags basket baskets range stock cart trolley")
"""Words of shopping that are goods in some shops."""
_ARTICLES = frozenset({"a", "an", "the"})
_UNITS = word_set(
    "pack packs packet packets pair pairs pcs piece pieces unit units box boxes copy copies set sets tin tins jar jars tube tubes"
)
"""What things are counted in; no part of a name unless titles have it."""
_FORMS = word_set("version versions variant variants variety varieties kind kinds")
"""What "the olive version" says instead of "the olive one"; part of a name only where titles have it."""
_WISHING = word_set(
    "the a an this that these those some any one ones i we i'm i'd i'll am me us you u your ur please pls plz kindly hi hello hey ok okay so just and or n with in of for x each "
    "need want would like will take get buy add order after looking can could may mean meant say it is be in colour color size"
)
"""What may stand around a bare name; "my" is none: who says that has it already."""
_PARTS = re.compile(r"\0+|[,;:](?=\s|$)|[()]|\s[–-]\s|\b(?-i:the|an?|some|it'?s|they'?re|that'?s|its) ", re.IGNORECASE)
"""Where another part of a clause begins that may name something."""
_MAY_HAVE = re.compile(
    r"\b(?:can|could|may|will|shall|to|(?:i|we)'(?:ll|d))(?: (?:i|we))?(?: (?:please|just|also))? have\b", re.IGNORECASE
)
_MOST_WORDS = 16
_A_QUESTION = re.compile(r"\b(?:do|does|did|is|are|can|will|has|have|was|were)\b", re.IGNORECASE)
"""What "weight does the shelf hold" holds, and a name does not."""
_LONG_QUERY = 4
"""More words than that are a question that holds a name, not a name."""
_OF_SENTENCES = word_set(
    "be been being is are was were do does did go goes have has had need needs get gets come comes can could will would should must i you we it they me"
)
"""What a name without a word of any title is not made of."""
_LINKS = word_set("the a an of for in with and to on at by from as is be it or one no not your my")
_NEVER_NAMES = word_set(
    "i add buy order get give show send remove please can could do does is are have want need what how where which tell put drop hi hello"
)


def product_words(
    text: str,
    spans: Sequence[Span],
    option_names: Collection[str] = (),
    *,
    keep: Collection[str] = (),
    ordered: bool = False,
) -> str | None:
    """
    The words of the clause that name a product, in its own spelling; None where nothing is left.

    `keep` are words of titles: one of them that is no function word is never dropped for being slang. What is `ordered`
    bears one name: where a part of the clause holds words of titles, the others are said around it ("brushed flannel pls,
    its for xmas jammies", "send his wife the White Grace").
    """
    masked = list(text)
    for span in spans:
        start = span.start
        if span.kind == "money":
            before = text[: span.start]
            if _MONEY_LEAD.search(before) or not re.match(
                r"\s+(?!for\b|off\b|please\b|and\b|from\b|instead\b|per\b|each\b|max\b|total\b|then\b|you\b|but\b|with\b)[^\W\d_]{3,}",
                text[span.end :],
            ):
                for i in range(span.start, span.end):
                    masked[i] = "\0"
            else:
                for i in range(span.start, span.end):
                    if not text[i].isdigit():
                        masked[i] = " "
            continue
        for i in range(max(0, start), min(len(masked), span.end)):
            masked[i] = "\0"
    hidden = _CODE_LEAD.sub(_hide, "".join(masked))
    for phrases in (_ONE_AND_WHY, _ENOUGH, _PHRASES):
        hidden = phrases.sub(_hide, hidden)
    hidden = _CONTAINERS.sub(lambda m: m.group() if m["container"].lower() in keep else _hide(m), hidden)
    runs: list[str] = []
    for run in re.split(_PARTS if ordered else r"\0+", hidden):
        words = [m.group() for m in WORD.finditer(run)]
        kept = _trim(words, option_names, keep)
        if kept:
            runs.append(" ".join(kept))
    if ordered:
        runs = [run for run in runs if _holds_title(run, keep)] or runs
    query = " ".join(" ".join(runs).split()[:_MOST_WORDS])
    if not query or all(w.lower() in _POINTING or not any(c.isalnum() for c in w) for w in query.split()):
        return None
    if not any(len(w) > 1 for w in query.split()):
        return None
    return query


def is_bare(text: str, spans: Sequence[Span], words: Collection[str]) -> bool:
    """Whether a clause is nothing but goods of the shop, whose `words` those are, and a wish for them: no verb of another kind."""
    taken = {place for span in spans for place in range(span.start, span.end)}
    wished = _MAY_HAVE.sub(lambda match: " " * len(match.group()), IS_WANTED.sub("", text))
    rest = [match.group().lower() for match in WORD.finditer(wished) if match.start() not in taken]
    return all(
        word in words or word.rstrip("s") in words or expand(word) in _WISHING or word in _WISHING for word in rest
    )


def title_run(query: str, title_words: Collection[str]) -> str | None:
    """The name in a long question: its longest run of two and more words of titles; None where it has none."""
    runs: list[list[str]] = [[]]
    for word in query.split():
        lowered = word.lower().strip(",.?!")
        if holds(title_words, lowered):
            runs[-1].append(word)
        elif runs[-1]:
            runs.append([])
    named = [run for run in runs if sum(word.lower() not in _LEAD for word in run) > 1]
    longest = max(named, key=lambda run: len(run), default=None)
    if longest is None and len(runs := [run for run in runs if run and run[0].lower() not in _LEAD]) == 1:
        longest = runs[0] if _A_QUESTION.search(query) else None
    return " ".join(longest) if longest is not None and len(query.split()) > _LONG_QUERY else None


def asked_about(query: str, title_words: Collection[str]) -> str | None:
    """
    The name in "the fountain noisy" or "tree come with a warranty": what stands behind the last word of a title is asked of it.

    None where no word of a title is there and the words are those of a sentence: "cover be washed". Else the query itself.
    """
    words = query.split()
    bare = [word.lower().strip(",.?!") for word in words]
    titled = [n for n, word in enumerate(bare) if word not in _LINKS and holds(title_words, word)]
    if not titled:
        return None if any(word in _OF_SENTENCES for word in bare) else query
    start, end = 0, titled[-1] + 1
    if "of" in bare[: titled[0]]:
        start = titled[0]  # "the filling of the Cloudrest"
    return query if any(word[0].isupper() or word[0].isdigit() for word in words[end:]) else " ".join(words[start:end])


def _holds_title(run: str, title_words: Collection[str]) -> bool:
    words = [word.lower() for word in run.split()]
    return any(word not in _LINKS and not word.isdigit() and holds(title_words, word) for word in words)


def _hide(match: re.Match[str]) -> str:
    return "\0" * len(match.group())


def _drop(word: str, words: Collection[str], option_names: Collection[str], keep: Collection[str]) -> bool:
    lowered = word.lower()
    if lowered in _UNITS or lowered in _FORMS:
        return lowered not in keep
    if lowered in _SOLD_PERHAPS and lowered in keep:
        return False
    if lowered in words or lowered in option_names:
        return True
    expanded = expand(lowered)
    if expanded != lowered:
        return lowered not in keep and all(part in words for part in expanded.split())
    return lowered not in keep and correct(lowered) in words


def _titled(words: list[str], position: int) -> bool:
    """Whether a function word begins a name written with capitals ("New Harbor", "The Salt Road")."""
    word, following = words[position], words[position + 1 : position + 2]
    if position == 0 or not word.istitle() or not following or word.lower() in _NEVER_NAMES:
        return False
    return following[0].istitle() and following[0].lower() not in _LEAD


def _is_noun(word: str, keep: Collection[str]) -> bool:
    """Whether a verb of shopping is what the shop sells: "a throw in oatmeal", "the stock pot"."""
    return len(word) > 3 and word.lower() in keep and word.lower() not in _NEVER_NAMES


def _trim(words: list[str], option_names: Collection[str], keep: Collection[str]) -> list[str]:
    start, end = 0, len(words)
    while (
        start < end
        and _drop(words[start], _LEAD, option_names, keep)
        and not _titled(words, start)
        and not (start > 0 and words[start - 1].lower() in _ARTICLES and _is_noun(words[start], keep))
    ):
        start += 1
    while end > start and _drop(words[end - 1], _TRAIL, option_names, keep):
        end -= 1
    return words[start:end]
