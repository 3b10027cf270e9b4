"""File names and class names as nobody wants them: each has hurt a terminal, a figure, a page or a file somewhere."""

HOSTILE_NAMES = {
    "escape sequence": "cat\x1b[31m\x1b[2Jred.png",
    "line break": "cat\nSkipped nothing.png",
    "carriage return": "cat\rMeasured.png",
    "bell": "cat\a.png",
    "reading direction": "cat\u202egnp.exe.png",
    "invisible": "cat\u200b\ufeff.png",
    "mathematics": "cost $x_1^2$ $.png",
    "broken mathematics": "price $\\frac{1.png",
    "Markdown": "![x](https://example.com/a.png) **b** `c`.png".replace("/", "\N{DIVISION SLASH}"),
    "HTML": "<img src=x onerror=alert(1)>&amp;.png",
    "Chinese": "猫咪 照片.png",
    "Japanese": "ねこ.png",
    "emoji": "\U0001f408 cat.png",
    "Arabic": "قطة.png",
    "accents": "Kätzchen é.png",
    "option": "--out.png",
    "quotes": 'it\'s "a" cat; rm -rf.png',
    "blank": " .png",
    "percent": "100%s %d {name}.png",
    "long": "c" * 200 + ".png",
}
"""By what is odd about them; all are possible names of files on Linux."""

HOSTILE_WORDS = HOSTILE_NAMES | {
    "foreign image": "![x](http://evil.example/pixel.png)",
    "link": "[click](http://evil.example)",
    "bare address": "see http://evil.example/a and www.evil.example or me@evil.example",
    "closing tag": "</style></script><script>alert(1)</script>",
    "formula": "price $x^2$ $$\\frac{1}{2}$$",
    "emphasis": "**bold** _it_ ~~gone~~ `code`",
    "directive": ":red[red] :material/home: :smile:",
    "heading and list": "# heading\n- item\n> quote",
    "table": "a | b\n--|--\n1 | 2",
    "lone surrogate": "half \udc80 character",
    "entity": "&lt;script&gt; &#x41;",
}
"""With words that no file on Linux is called, but a class, a key or a file from elsewhere may be."""

NOT_UTF8 = b"caf\xe9.png"
"""A name of a file that is no UTF-8, as old archives hold them."""
