"""The words of the app and what they mean: one registry, shown where a word appears and as a list."""

import html
import re

from ui.markdown import referenced

TERMS = {
    "token": "A position in a stage's feature map: 4 × 4 pixels of the picture in stage 1, 32 × 32 in stage 4.",
    "super token": "A soft group of neighbouring tokens: their weighted mean, made anew for each picture.",
    "anchor": "The token that you point at; every map shows its row or its column of an attention.",
    "association": "Q: how much a token belongs to each of the nine super tokens around it; the weights sum to 1.",
    "phantom": "A neighbour outside the grid. It takes a part of a border token's association, and that part is lost.",
    "leakage": "The part of a token's attention that phantoms and padding took: 1 - mass kept.",
    "mass kept": "The sum of a row of the attention; below 1 where phantoms and padding took a part.",
    "A(S)": "Plain attention among the super tokens: each row says where a super token looks.",
    "super token attention": "Q A(S) Q-hat^T: what the block does, written out as attention among all tokens.",
    "global attention": "softmax(q k^T / sqrt d) over all tokens: what the block would do without super tokens.",
    "local attention": "The same inside windows of 7 × 7 tokens.",
    "outgoing": "The anchor's row: what it attends to.",
    "incoming": "The anchor's column: who attends to it.",
    "head": "One of several attentions that a block runs side by side on parts of the channels.",
    "cell": "The square of tokens that a super token starts from: 8 × 8 in stage 1, 4 × 4 in stage 2.",
    "entropy": "How spread out a row of attention is, in nats; at most log N, when it is uniform.",
    "times uniform": "A weight as a multiple of 1 / N, what each token gets if attention is spread evenly.",
    "effective rank": "How many independent rows an attention really has: the exponential of its spectrum's entropy.",
    "replay-verified": "The block's output was computed again from what is shown, and it is the model's own output.",
    "rollout": "Attention multiplied through the blocks, to trace a deep token back to the picture.",
    "superpixel": "A group of similar neighbouring pixels found without any learning, such as by SLIC.",
    "MAC": "One multiplication with its addition, the unit in which the cost of a network is counted.",
}
"""What each word means, in one sentence or two."""

STYLE = """<style>
.term {border-bottom: 1px dotted currentColor; cursor: help; position: relative; outline-offset: 2px}
.term::after {content: attr(data-means); position: absolute; left: 0; top: calc(100% + .3rem); z-index: 99999;
  width: max-content; max-width: min(20rem, 70vw); padding: .5rem .7rem; border-radius: .35rem; font-size: .85rem;
  font-weight: 400; line-height: 1.4; white-space: normal; text-align: left; background: #262730; color: #fafafa;
  border: 1px solid #6b6d78; display: none; pointer-events: none}
.term:is(:hover, :focus)::after {display: block}  /* none keeps hidden notes from widening the page */
.terms {display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; line-height: 1.6}
.terms .term::after {top: auto; bottom: calc(100% + .3rem)}
</style>"""
"""How terms look, and the note that appears beside one; it is drawn once on each page."""

_ANY = re.compile(
    r"(?<![\w-])(" + "|".join(re.escape(word) for word in sorted(TERMS, key=len, reverse=True)) + r")(s?)(?!\w)",
    re.IGNORECASE,
)
_KEYS = {word.casefold(): word for word in TERMS}


def marked(text: str) -> str:
    """Return a text as HTML in which the first appearance of each term shows its meaning under the pointer.

    Args:
        text: Plain text.

    Example:
        >>> marked("2 heads")
        '2 <span class="term" tabindex="0" data-means="One of several attentions that a block runs side by side on \
parts of the channels.">heads</span>'
    """
    seen: set[str] = set()
    parts, end = [], 0
    for found in _ANY.finditer(text):
        word = _KEYS[found[1].casefold()]
        parts += [referenced(text[end : found.start()]), term(word, found[0]) if word not in seen else found[0]]
        seen.add(word)
        end = found.end()
    return "".join([*parts, referenced(text[end:])])


def term(word: str, written: str = "") -> str:
    """Return the HTML of one term, whose meaning appears under pointer or focus.

    Args:
        word: Its name in the registry.
        written: How it is written here, if otherwise.
    """
    means = html.escape(TERMS[word], quote=True)
    return f'<span class="term" tabindex="0" data-means="{means}">{html.escape(written or word)}</span>'


def all_terms() -> str:
    """Return the HTML of the whole glossary."""
    return f'<div class="terms">{"".join(term(word) for word in TERMS)}</div>'
