"""What a text asks of us: to stop, to start again, or for help; and whether a sentence may be a wish to stop.

"Any reasonable means" revokes consent to texts (47 CFR 64.1200(a)(10),
https://www.law.cornell.edu/cfr/text/47/64.1200). So a keyword counts in any spelling, a plain wish counts in words of
one's own, and a sentence that only may be one is shown to a person. Pure: text in, meaning out; it reads at most
`MAX_READ` characters, in time proportional to them.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final


class Keyword(Enum):
    """What a keyword asks for."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


class Wish(Enum):
    """How sure it is that a sentence asks us to stop."""

    CLEAR = "clear"
    DOUBTFUL = "doubtful"  # a person must read it


def word_set(text: str) -> frozenset[str]:
    """Return the words of a list that is written as one string."""
    return frozenset(text.split())


MAX_READ: Final = 2000  # Twilio delivers at most 1,600

# Twilio's defaults, the words the FCC lists, and what Spanish, French and other handsets send.
WORDS: Final = {
    Keyword.STOP: (
        "stop, stopp, stopall, stop all, unsubscribe, end, quit, revoke, optout, opt out, cancel, "
        "arret, arreter, arretez, desabonner, desinscrire, desabonnement, annuler, fin, "
        "alto, baja, parar, pare, detener, cancelar, dar de baja, darme de baja, no mas, basta, salir, sair, "
        "abmelden, \u0441\u0442\u043e\u043f, 停止, 退订, 退訂"
    ),
    Keyword.START: "start, unstop",
    Keyword.HELP: "help, info",
}
MEANINGS: Final = {word: keyword for keyword, words in WORDS.items() for word in words.split(", ")}
YES: Final = "yes"  # also an ordinary answer, so it opts in only a number that had opted out

INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
APOSTROPHES: Final = re.compile("['\u2018\u2019\u02bc\u0060\u00b4\u2032\uff07]")
LETTERS: Final = re.compile(r"[^\W_]+")
CLAUSES: Final = re.compile(r"[.,!?;:\n\r\u2026\u2028\u2029()\u2013\u2014]+")


def plain(body: str) -> str:
    """Return the text in lower case, in one spelling: no accents, no full-width or invisible characters."""
    text = unicodedata.normalize("NFKD", APOSTROPHES.sub("", INVISIBLE.sub("", body.strip()[:MAX_READ])))
    # NFKD parts a letter from its accent; one character may become eighteen, so the result is cut again.
    letters = (character for character in text if unicodedata.category(character) != "Mn")
    return unicodedata.normalize("NFC", "".join(letters).casefold())[:MAX_READ]


def keyword(body: str, *, is_opted_out: bool = False) -> Keyword | None:
    """Return the keyword that is the whole message; "STOP by tomorrow at 5" is not one.

    START is stricter than STOP: only the word, in any case, with punctuation before or after it.
    """
    if len(body.strip()) > MAX_READ:
        return None
    words = LETTERS.findall(plain(body))
    found = MEANINGS.get(" ".join(words)) or (Keyword.START if words == [YES] and is_opted_out else None)
    if found is None or found is Keyword.STOP:
        return found or _spelled(words)
    return found if re.sub(r"^\W+|\W+$", "", body).isascii() else None


def _spelled(words: Sequence[str]) -> Keyword | None:
    """Read "S T O P" and "stopppp"."""
    if len(words) == len("STOP") and "".join(words) == "stop":
        return Keyword.STOP
    return Keyword.STOP if len(words) == 1 and re.fullmatch("s+t+o+p+", words[0]) else None


# Words of politeness, which change nothing.
MANNERS: Final = word_set(
    "please pls plz plse kindly just now ok okay hi hello hey sorry thanks thank thx ty can could will would you "
    "u i im want need id like to have wish sir madam maam and so yes immediately asap right away today already "
    "really por favor gracias hola porfa svp stp sil vous plait te merci bonjour quiero je veux voudrais"
)
# A clause that begins with one of these, followed only by words of BESIDE, is a request to stop.
WISHES: Final = tuple(
    f"{wish} "
    for wish in (
        *("stop", "quit", "cease", "no more texts", "no more messages", "no more", "leave me alone", "opt me out"),
        *("opt out", "optout", "opt me", "end all", "end the", "end texts", "end text", "end messages", "end txt"),
        *("cancel texts", "cancel text", "cancel messages", "cancel txt", "cancel these texts", "cancel subscription"),
        *("cancel my subscription", "stopall", "revoke consent", "revoke my consent", "i revoke", "lose my number"),
        *(f"{no} {verb}" for no in ("dont", "do not", "never") for verb in ("text", "message", "contact", "call")),
        *(f"{no} ever {verb}" for no in ("dont", "do not") for verb in ("text", "message", "contact", "call")),
        *(f"{no} send" for no in ("dont", "do not", "never")),
        *(
            f"{verb} {me}"
            for verb in ("remove", "delete", "erase", "take")
            for me in ("me", "my number", "this number", "my phone", "us", "my info", "my name", "me off")
            if verb != "take" or me != "me"
        ),
        *("remove", "unsubscribe", "unsubscribed", "take me off", "take us off", "take my name off"),
        *("dont want texts", "do not want texts", "dont want any", "dont want these", "do not want any"),
        *("do not want these", "no longer texts", "dont want more", "dont want messages", "do not want messages"),
        *("arretez", "arreter", "arrete", "ne mecrivez plus", "ne me contactez plus", "ne menvoyez plus"),
        *("desabonnez moi", "desinscrivez moi", "retirez moi", "plus de messages", "plus de textos", "plus de sms"),
        *("no me escriba", "no me escriban", "no me escribas", "no me contacte", "no me contacten", "no me mande"),
        *("no me manden", "no me envie", "no me envien", "no me llame", "no me llamen", "no mas mensajes"),
        *("no mas textos", "deje de", "dejen de", "deja de", "pare de", "paren de", "para de", "pare", "parar"),
        *("alto", "baja", "detener", "deme de baja", "dame de baja", "denme de baja", "dar de baja", "darme de baja"),
        *("quiteme", "quitame", "quitenme", "borreme", "eliminenme", "elimineme", "desuscribir", "desuscribirme"),
        *("quitar mi numero", "borre mi numero", "arret"),
    )
)
BESIDE: Final = word_set(
    "text texts texting txt txts txting sms mms message messages msg msgs messaging contacting calling calls call "
    "sending send bothering bugging harassing spamming spam notifications alerts updates listings homes houses "
    "properties offers ads promotions marketing automated me us my mine this that these those it all the your any "
    "number phone cell off of from to list lists database system contacts mailing more anymore again ever stop "
    "unsubscribe end subscription immediately at for everything anything service out opt here thing de mas "
    "mensajes textos mensaje la lista su los sus nunca enviarme enviar mandarme mandar escribirme escribir "
    "llamarme llamar contactarme y numero me ecrire menvoyer mecrire des messages textos la liste moi votre plus "
    "les vos jamais contacter"
)
# Of other things than texts: "stop it" may be laughter, "remove this" may be about an offer.
VAGUE: Final = word_set("it that thing here for at to")
# Words beside a bare "stop" that do not change its meaning.
REASONS: Final = (
    *("wrong number", "wrong person", "not interested", "im not interested", "not me", "who is this", "whos this"),
    *("this is not", "this isnt", "you have the wrong", "i have an agent", "i already have", "i have a realtor"),
    *("already bought", "i bought", "we bought", "numero equivocado", "mauvais numero", "no me interesa"),
)
SIGNATURES: Final = re.compile(
    r"(?:sent|get|envoye|enviado|gesendet|verstuurd)\b.{0,80}\b(?:iphone|ipad|android|samsung|outlook|mobile|phone|yahoo)"
)
MAX_SIGNATURE_LINES: Final = 4
MAX_SIGNATURE_WORDS: Final = 6

# Words about texts, after which "stop" in a sentence is likely to mean them.
CONTACT: Final = word_set(
    "texting texts messages messaging contacting calling calls emails emailing sending spamming spam bothering "
    "bugging harassing pestering soliciting messages msgs sms txts txting notifications writing reaching blowing "
    "hitting mensajes textos llamarme escribirme menvoyer mecrire"
)
STOPS: Final = word_set("stop quit cease discontinue halt end cancel")
NEGATIONS: Final = word_set(
    "dont not never cant cannot wont didnt doesnt couldnt wouldnt isnt nothing without shouldnt aint"
)
SPOKEN: Final = word_set("said say saying told tell asked texted replied typed wrote begged begging")
# Elsewhere a bus stops, and people stop by.
ELSEWHERE: Final = word_set(
    "by in at over there off and on sign light when after before looking thinking loving up past to here"
)
DOUBTS: Final = tuple(
    f" {phrase} "
    for phrase in (
        *("unsubscribe", "unsubscribed", "unsubscribing", "optout", "opt me out", "opted out", "leave me alone"),
        *("leave us alone", "lose my number", "remove me", "remove us", "remove my number", "remove this number"),
        *("remove my phone", "delete my number", "delete me", "take me off", "take us off", "take my number off"),
        *("do not call list", "dnc", "cease and desist", "go away", "fuck off", "f off", "piss off", "buzz off"),
        *("fuck you", "get lost", "harassing me", "harassment", "spamming me", "bothering me", "bugging me"),
        *("block you", "blocking you", "report you", "reporting you", "blocking this number", "sue you"),
        *("wrong number", "wrong person", "numero equivocado", "mauvais numero", "equivocado", "no me escriba"),
        *("no me contacte", "dejen de", "deje de", "dar de baja", "darme de baja", "arretez de", "desabonner"),
        *(
            f"{no} {what}"
            for no in ("dont", "do not", "never", "please dont", "no longer", "not")
            for what in (
                *("want texts", "want messages", "want your texts", "want your messages", "want these texts"),
                *("want any texts", "want any messages", "want any more", "want to be contacted", "want to be texted"),
                *("want to hear from", "want to receive", "want to get", "wish to be", "wish to receive"),
                *("want these messages", "text me anymore", "text me again", "text this number", "contact me"),
                *("contact this number", "call this number", "message me", "text us", "contact us", "text me"),
                *("want you to text", "want you texting", "want you to contact", "to text me", "to contact me"),
                *("want to be called", "be contacted", "want more texts", "send me", "appreciate these"),
            )
        ),
        *("no more texts", "no more messages", "no more texting", "enough texts", "enough already"),
    )
)
WHOLE_DOUBTS: Final = frozenset(
    (
        *("not interested", "im not interested", "no interest", "no longer interested", "not interested anymore"),
        *(
            "enough",
            "para",
            "basta ya",
            "no me interesa",
            "pas interesse",
            "go away",
            "cancel",
            "end",
            "quit",
            "revoke",
        ),
        *("remove it", "remove this", "delete", "delete this", "block", "blocked", "spam", "fuck off", "no texts"),
    )
)
# Boilerplate, ours or of another business: it explains how to stop, and is not a request.
INSTRUCTIONS: Final = re.compile(
    r"\b(?:reply|text|txt|send|type|respond|responda|envie|repondez)(?: with| back| the word| avec| con)? "
    r"(?:stop|unsubscribe|end|quit|cancel|optout|alto|parar|baja|arret)\b"
    r"(?: to (?:stop|unsubscribe|end|quit|cancel|opt ?out|be removed)\b)?"
)
PREFERS_TEXTS: Final = re.compile(r"\b(?:and|but|just|only|rather)(?: just)? (?:text|txt|message) (?:me|us)\b")
POSITIVE: Final = re.compile(r"\b(?:text|txt|message|email|call|write)(?: to)? (?:me|us|instead|my)\b")


def wish_to_stop(body: str) -> Wish | None:
    """Return whether a text that is not a keyword asks us to stop, and how clearly.

    Texts with more content, such as "stop by tomorrow", "don't stop" or "I can't stop looking at the house", mean
    something different. A text that can mean both is `DOUBTFUL`.
    """
    text = INSTRUCTIONS.sub("instruction", plain(body))
    is_shouted = _shouts(body)
    lines = list(_lines(text))
    clauses = [words for line in lines for words in _clauses(line)]
    if not clauses or PREFERS_TEXTS.search(text):  # "stop calling and text me"
        return None
    first_line = list(_clauses(lines[0]))
    if len(lines) > 1 and _asks(first_line, text="\n".join(lines[:1])):
        return Wish.CLEAR if _is_signature(lines[1:]) else Wish.DOUBTFUL
    if _asks(clauses, text=text):
        return Wish.CLEAR
    wishes = any(_is_doubtful(words) for words in clauses) or is_shouted or _joined(clauses) in WHOLE_DOUBTS
    return Wish.DOUBTFUL if wishes else None


def _lines(text: str) -> Iterator[str]:
    """The lines that the sender wrote, without what they quote."""
    lines = (line.strip() for line in text.splitlines())
    return (line for line in lines if LETTERS.search(line) and not line.startswith((">", "|")))


def _clauses(text: str) -> Iterator[list[str]]:
    for clause in CLAUSES.split(text):
        if words := LETTERS.findall(clause):
            yield words


def _asks(clauses: Sequence[list[str]], text: str) -> bool:
    """Whether one clause is a plain wish, and no other one takes it back."""
    spoken = [[word for word in words if word not in MANNERS] for words in clauses]
    if any({"i", "we"} & set(words) and {"will", "can", "could", "ill"} & set(words) for words in clauses):
        return False  # "I will stop": their own doing
    whole = [words for words in spoken if words]
    if not whole:
        return False
    if _is_plain_wish([word for words in whole for word in words], is_alone=True):
        return not POSITIVE.search(text) or len(clauses) == 1
    wishes = [words for words in whole if _is_plain_wish(words, is_alone=False)]
    if not wishes or POSITIVE.search(text):
        return False
    others = [words for words in clauses if [word for word in words if word not in MANNERS] not in wishes]
    is_named = any(CONTACT & set(words) or len(words) > 2 or words[0] == "unsubscribe" for words in wishes)
    return is_named or all(_joined([words]).startswith(REASONS) for words in others if set(words) - MANNERS)


def _is_plain_wish(words: Sequence[str], *, is_alone: bool) -> bool:
    said = " ".join([*words, ""])
    if is_alone and MEANINGS.get(said.strip()) is Keyword.STOP:
        return said.strip() not in WHOLE_DOUBTS  # with manners beside it "cancel" may be about an appointment
    for wish in WISHES:
        if said.startswith(wish):
            rest = set(said.removeprefix(wish).split())
            if rest <= BESIDE and (not rest or rest - VAGUE):
                return True
    return False


def _is_signature(lines: Sequence[str]) -> bool:
    """Return whether these lines are only a signature."""
    if lines[0].startswith(("--", "__")) or SIGNATURES.search(" ".join(lines)[:400]):
        return True
    is_short = all(len(line.split()) <= MAX_SIGNATURE_WORDS and "?" not in line for line in lines)
    wishes = all(_asks(list(_clauses(line)), line) for line in lines)
    return wishes or (is_short and len(lines) <= MAX_SIGNATURE_LINES)


def _is_doubtful(words: Sequence[str]) -> bool:
    """Whether a clause may ask us to stop."""
    said = f" {' '.join(words)} "
    if "did not" in said or "didnt" in words:
        return False
    if [word for word in words if word not in MANNERS] == ["stop"] and not {"i", "we"} & set(words):
        return True  # beside other clauses
    if any(phrase in said for phrase in DOUBTS):
        return not said.startswith((" no wrong", " not the wrong")) and not _limits(words)
    for turn, word in enumerate(words):
        if word not in STOPS:
            continue
        before, after = words[:turn], words[turn + 1 :]
        is_asked = bool({"you", "u"} & set(before[-1:]))  # "why don't you stop"
        if NEGATIONS & set(before) and not is_asked:
            continue
        if after and after[0] in ELSEWHERE:
            continue
        if CONTACT & set(after) or (not after and SPOKEN & set(before)):
            return True
    return False


def _limits(words: Sequence[str]) -> bool:
    """Whether "don't text me" is followed by when, where or what: "before 9", "the address"."""
    said = " ".join(words)
    match = re.search(r"\b(?:text|contact|message|send|call) (?:me|us) (\w+)", said)
    return bool(match and match[1] not in BESIDE | MANNERS) and "want" not in words


def _shouts(body: str) -> bool:
    """Return whether STOP is in capitals in a text that is not all in capitals, and is not about a place."""
    cut = body[:MAX_READ]
    if cut.upper() == cut or not re.search(r"\bSTOP\b", cut):
        return False
    words = LETTERS.findall(INSTRUCTIONS.sub("instruction", plain(cut)))
    if "stop" not in words:
        return False
    turn = words.index("stop")
    after = words[turn + 1 : turn + 2]
    return not (NEGATIONS & set(words[:turn])) and not (after and after[0] in ELSEWHERE)


def _joined(clauses: Sequence[Sequence[str]]) -> str:
    return " ".join(word for words in clauses for word in words if word not in MANNERS - {"im", "i"})
