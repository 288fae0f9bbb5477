"""How the fuzzer bends a text: words and characters replaced, moved, repeated, or nothing but noise."""

TOKENS = [
    *("every", "cron", "at", "rrule", "offset", "sun_elevation", "rising", "setting", "dates", "calendar", "|", "&"),
    *(
        "*",
        "*/5",
        "?",
        "L",
        "L-2",
        "LW",
        "15W",
        "fri#2",
        "friL",
        "H",
        "H(0-29)",
        "H/15",
        "H(1-5)/2",
        "@daily",
        "@hourly",
    ),
    *(
        "0",
        "7",
        "59",
        "60",
        "-1",
        "1e9",
        "00",
        "31",
        "366",
        "99999999999999999999",
        "2026-12-24",
        "..",
        "2026-12-24T18:00",
    ),
    *(
        "5m",
        "1h30m",
        "1M",
        "-30m",
        "0s",
        "10ms",
        "9ms",
        "52.52",
        "13.40",
        "nan",
        "inf",
        "-0",
        "\u0663",
        "\uff11",
        "\u017fun",
        "\u0130",
        "\0",
    ),
    *(
        "mon-fri",
        "fri-mon",
        "jan",
        "monday",
        "#",
        "W",
        "-",
        ",",
        "/",
        "(",
        ")",
        "..",
        "weekdays",
        "holidays",
        "Z",
        "+02:00",
    ),
    *(
        "\t",
        "\n",
        "\u00a0",
        "\u200b",
        "\ud800",
        "1-",
        "*/0",
        "*/1",
        "1/1",
        "1-1/1",
        "5,",
        "0-59/59",
        "1#6",
        "L-31",
        "0W",
    ),
]
NOISE = "0123456789*/,-&?LWH#@|mhdwsonevryacttif. ()=:;TZ+_\t\n\u0663é"


def bent(draw, text, others):
    """Return a text changed in a few places."""
    for _ in range(draw.choice([1, 1, 1, 2, 2, 3, 5])):
        text = draw.choice(_BENDS)(draw, text, others)
    return text[:20_000]


def _replace_word(draw, text, others):
    words = text.split(" ")
    words[draw.randrange(len(words))] = draw.choice(TOKENS)
    return " ".join(words)


def _insert_word(draw, text, others):
    words = text.split(" ")
    words.insert(draw.randint(0, len(words)), draw.choice(TOKENS))
    return " ".join(words)


def _drop_word(draw, text, others):
    words = text.split(" ")
    del words[draw.randrange(len(words))]
    return " ".join(words)


def _swap_words(draw, text, others):
    words = text.split(" ")
    one, other = draw.randrange(len(words)), draw.randrange(len(words))
    words[one], words[other] = words[other], words[one]
    return " ".join(words)


def _splice(draw, text, others):
    other = draw.choice(others)
    return text[: draw.randint(0, len(text))] + other[draw.randint(0, len(other)) :]


def _change_character(draw, text, others):
    place = draw.randint(0, len(text))
    return text[:place] + draw.choice([draw.choice(NOISE), ""]) + text[place + draw.randint(0, 1) :]


def _change_number(draw, text, others):
    places = [place for place, character in enumerate(text) if character in "0123456789"]
    if not places:
        return text
    place = draw.choice(places)
    return text[:place] + str(draw.choice([0, 1, 9, 60, 99, 10**9, draw.randrange(100)])) + text[place + 1 :]


def _repeat(draw, text, others):
    start = draw.randint(0, len(text))
    piece = text[start : start + draw.randint(1, 12)]
    return text[:start] + piece * draw.choice([2, 3, 30, 30, 900]) + text[start:]


def _noise(draw, text, others):
    return "".join(draw.choices(NOISE, k=draw.randint(1, 20)))


def _other_case(draw, text, others):
    return draw.choice([str.upper, str.title, str.swapcase])(text)


_BENDS = [
    *(_replace_word, _replace_word, _insert_word, _drop_word, _swap_words, _splice, _change_character),
    *(_change_character, _change_number, _repeat, _noise, _other_case),
]
