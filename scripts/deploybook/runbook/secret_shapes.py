"""Recognises a value that looks like a secret, so that no committed file gets one."""

from __future__ import annotations

import math
import re
from collections import Counter

# How the providers' own tokens begin, and what stands in the URLs and keys that open something.
PREFIXES = re.compile(
    r"gh[pousr]_|github_pat_|cf[aut]+t_|rnd_|as-[A-Za-z0-9]{16}|vc[a-z]_|eyJ[A-Za-z0-9_-]{10}|sk[-_]|xox[a-z]-|-----BEGIN"
)
KEY_IN_URL = re.compile(r"[?&](key|token|secret|signature)=[^&\s]{6}|://[^/\s:@]+:[^/\s@]+@", re.IGNORECASE)
HEX = re.compile(r"[0-9a-f]{32,}", re.IGNORECASE)
# One word without the marks of a path, a name in parts, or a sentence.
WORD = re.compile(r"[A-Za-z0-9_+=.-]{20,}")
# Bits of entropy in each character: names of things stay below it, random characters of all three sorts do not.
RANDOM_BITS = 3.5


def looks_secret(text: str) -> bool:
    """Whether a value has the form of a token, a key or a password that a program made."""
    if PREFIXES.match(text) or KEY_IN_URL.search(text) or HEX.fullmatch(text):
        return True
    sorts = (str.islower, str.isupper, str.isdigit)
    mixed = all(any(sort(character) for character in text) for sort in sorts)
    return bool(WORD.fullmatch(text)) and mixed and _entropy(text) > RANDOM_BITS


def _entropy(text: str) -> float:
    counts = Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())
