"""Text that tokenizers stumble over; each string is one line without NUL and without lone surrogates."""

ODD_STRINGS = [
    # nothing, nearly nothing, white space
    " ", "   ", "\t", " \t ", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u2028", "\u00ad", "a", "A", ".", "?", "!", ",",
    " a", "a ", "  a  b  ", "a\tb", "a\u00a0b", "a\u3000b", "a\u200bb", "\ufeffHello", "a\u2028b", "co\u00adoperate",
    # the marks of tokenizers
    "</s>", "<unk>", "<pad>", "<s>", "Hello </s> world", "<unk><unk>", "▁", "▁▁a", "a▁b", "@@", "##ing", "<0x41>", "<0x0A>",
    ">>deu<<", ">>deu<< Hello", ">>", ">><<", ">>a", "a >>deu<< b", "<<deu>>", "{0}", "%s", "$1", "\\n", "\\u0041",
    # control characters
    "\x01", "a\x07b", "\x1b[31mred\x1b[0m", "\x7f", "a\x0bb", "a\x0cb", "\x85", "\x9f", "a\rb",
    # letters of all kinds
    "Zürich", "Zu\u0308rich", "straße", "STRASSE", "ẞ", "ﬁne ligature", "ſlow", "Ǆ", "İstanbul", "ıI", "naïve café", "Ångström",
    "Å", "Ω", "Ω", "Привет, мир", "Γειά σου Κόσμε", "こんにちは世界", "你好,世界", "안녕하세요",
    "שלום עולם", "مرحبا بالعالم", "नमस्ते दुनिया",
    "สวัสดีชาวโลก", "ｆｕｌｌ　ｗｉｄｔｈ", "①②③", "½ ¼ ²", "x² + y³",
    "№ 5", "㎏", "ﷺ", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "𐍈", "e\u0301\u0302\u0303", "Z͑ͫ̓ͪ̂ͫ̽͏a̴̙l̷g̶o̸",
    # directions, joiners, emoji
    "\u202eabc\u202c", "a\u200db", "😀", "👨‍👩‍👧‍👦", "🇩🇪", "👍🏽", "❤️", "a😀b", "☃", "\U0010ffff", "\ufffd", "\ufffe", "\ue000",
    # punctuation and quotes
    "“quoted”", "‘quoted’", "„so“", "»so«", "it's", "it’s", "it`s", "...", "…", "wait…what",
    "--", "–", "—", "a—b", "?!?!?!", "¿Qué?",
    "(a) [b] {c} <d>", "a/b\\c|d", "~^*_=+#&", "100%", "50 €", "$5.00", "£3", "5 °C", "§ 7", "© ® ™", "• item", "→",
    # numbers, addresses, code
    "0", "007", "1234567890", "3.14159", "1,000,000.00", "1e-10", "12:30", "2026-11-21", "21.11.2026", "+49 30 123456", "٣٤٥",
    "https://example.org/a?b=c&d=%20#e", "www.example.com", "someone@example.org", "C:\\Users\\x", "/usr/bin/env",
    "<b>bold</b>",
    "&amp;", "if (a < b && c > d) { return x[1]; }", "snake_case_name", "camelCaseName", "C++", "#hashtag @user",
    # long and repeated
    "a" * 300, "ha " * 100, "word " * 50, "." * 100, "ab" * 200, "Donaudampfschifffahrtsgesellschaftskapitän", "𝕏" * 40,
    "é" * 100,
    "HELLO WORLD", "hello world", "HeLLo WoRLD", "i", "I I I", "x y z", "Mr. Smith went to Washington, D.C.",
]
