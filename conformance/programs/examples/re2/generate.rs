//! Patterns, and texts that they are likely to match: made up along RE2's grammar, thrown together from fragments, or real
//! ones with a few characters changed. The same seed gives the same.

/// A pattern with what to try on it.
pub(crate) struct Trial {
    pub(crate) pattern: String,
    pub(crate) texts: Vec<Vec<u8>>,
}

/// Texts on each pattern.
const TEXTS: usize = 12;

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E3779B97F4A7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58476D1CE4E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D049BB133111EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<'i, T: ?Sized>(&mut self, items: &'i [&'i T]) -> &'i T {
        items[self.below(items.len())]
    }

    fn character(&mut self) -> char {
        // Letters that fold in unusual ways, digits and spaces that are not ASCII, ends of the encoding's lengths.
        const CHARACTERS: &str = "aaabbbccxyzABKkSs0019-_. \n\t\u{b}\rſ\u{212A}\u{663}éÉσςΣßẞǅǆİıµμ\u{a0}\u{2028}\u{FFFD}😀\0\u{7f}\u{80}\u{10FFFF}";
        let index = self.below(CHARACTERS.chars().count());
        CHARACTERS.chars().nth(index).unwrap_or('a')
    }
}

/// A pattern along the grammar: nearly always valid.
pub(crate) fn from_grammar(random: &mut Random) -> Trial {
    let (mut pattern, sample) = alternation(random, 3);
    if random.one_in(3) {
        pattern = format!("^(?:{pattern})$");
    }
    if random.one_in(8) {
        pattern.insert_str(0, random.pick(&["(?i)", "(?m)", "(?s)", "(?U)", "(?ims-U)"]));
    }
    Trial { pattern, texts: texts(random, &[&sample]) }
}

fn alternation(random: &mut Random, depth: usize) -> (String, String) {
    let (mut pattern, mut sample) = concatenation(random, depth);
    while random.one_in(4) {
        let (branch, other) = concatenation(random, depth);
        pattern = format!("{pattern}|{branch}");
        if random.one_in(2) {
            sample = other;
        }
    }
    (pattern, sample)
}

fn concatenation(random: &mut Random, depth: usize) -> (String, String) {
    let (mut pattern, mut sample) = (String::new(), String::new());
    for _ in 0..random.below(5) {
        let (part, text) = repetition(random, depth);
        pattern.push_str(&part);
        sample.push_str(&text);
    }
    (pattern, sample)
}

fn repetition(random: &mut Random, depth: usize) -> (String, String) {
    let (mut pattern, sample) = atom(random, depth);
    if !random.one_in(3) {
        return (pattern, sample);
    }
    let (count, times) = [
        ("*", 0),
        ("*", 3),
        ("+", 1),
        ("+", 2),
        ("?", 0),
        ("?", 1),
        ("{0}", 0),
        ("{2}", 2),
        ("{1,3}", 2),
        ("{2,}", 3),
        ("{0,2}", 1),
        ("{,2}", 1),
        ("{0,}", 2),
        ("{1}", 1),
    ][random.below(14)];
    pattern.push_str(count);
    if random.one_in(4) {
        pattern.push('?');
    }
    (pattern, sample.repeat(times))
}

fn atom(random: &mut Random, depth: usize) -> (String, String) {
    match random.below(if depth == 0 { 10 } else { 12 }) {
        0..=3 => {
            let character = random.character();
            (quoted(character), character.into())
        }
        4 => (".".to_owned(), random.character().into()),
        5 | 6 => {
            let (pattern, sample) = ESCAPES[random.below(ESCAPES.len())];
            (pattern.to_owned(), sample.to_owned())
        }
        7 | 8 => class(random),
        9 => {
            let looks = ["^", "$", r"\b", r"\B", r"\A", r"\z", "(?i)", "(?-i)", "(?m)", "(?s)", "(?U)"];
            (random.pick(&looks).to_owned(), String::new())
        }
        _ => {
            let openings = ["(", "(?:", "(?i:", "(?s-i:", "(?P<n>", "(?<m_1>", "(?m:", "(?U:", "(?-s:"];
            let (inside, sample) = alternation(random, depth - 1);
            (format!("{}{inside})", random.pick(&openings)), sample)
        }
    }
}

fn quoted(character: char) -> String {
    if character.is_ascii_punctuation() { format!("\\{character}") } else { character.into() }
}

/// Escapes, and what they match.
const ESCAPES: &[(&str, &str)] = &[
    (r"\d", "7"),
    (r"\D", "\u{663}"),
    (r"\w", "k"),
    (r"\W", "é"),
    (r"\s", "\n"),
    (r"\S", "\u{b}"),
    (r"\pL", "é"),
    (r"\PL", "1"),
    (r"\p{Greek}", "σ"),
    (r"\p{^Lu}", "a"),
    (r"\P{^Nd}", "\u{663}"),
    (r"\p{Lu}", "K"),
    (r"\p{any}", "\n"),
    (r"\p{Latin}", "\u{212A}"),
    (r"\p{letter}", "ß"),
    (r"\pN", "0"),
    (r"\x41", "A"),
    (r"\x{212A}", "k"),
    (r"\101", "A"),
    (r"\0", "\0"),
    (r"\n", "\n"),
    (r"\t", "\t"),
    (r"\Qa.b*\E", "a.b*"),
    (r"\Q\E", ""),
    (r"\x{10FFFF}", "\u{10FFFF}"),
    ("[[:alpha:]]", "q"),
    ("[[:^digit:]]", "-"),
    ("[[:word:]]", "_"),
    ("[[:space:]]", "\u{b}"),
    (r"\x{FFFD}", "\u{FFFD}"),
    (r"\_", "_"),
    (r"\/", "/"),
];

fn class(random: &mut Random) -> (String, String) {
    let negated = random.one_in(4);
    let mut pattern = String::from(if negated { "[^" } else { "[" });
    let mut sample = String::new();
    for _ in 0..=random.below(3) {
        if random.one_in(3) {
            let (escape, text) = ESCAPES[random.below(ESCAPES.len())];
            // A quotation is none in a class, and a class within brackets has other brackets.
            if !escape.starts_with(r"\Q") && !escape.starts_with('[') {
                pattern.push_str(escape);
                text.clone_into(&mut sample);
            }
            continue;
        }
        let (one, other) = (random.character(), random.character());
        pattern.push_str(&quoted(one));
        if random.one_in(2) {
            // One in two is the wrong way round, unless it is mended.
            let other = if random.one_in(12) { other } else { other.max(one) };
            pattern.push('-');
            pattern.push_str(&quoted(other));
        }
        sample = one.into();
    }
    pattern.push_str(random.pick(&["]", "]", "]", "-]", "[:alpha:]]", "[:^space:]]", "&&a]", "~~]"]));
    if negated || sample.is_empty() {
        sample = random.character().into();
    }
    (pattern, sample)
}

/// Fragments in a row: mostly invalid.
pub(crate) fn from_fragments(random: &mut Random) -> Trial {
    let mut pattern = String::new();
    for _ in 0..=random.below(6) {
        pattern.push_str(FRAGMENTS[random.below(FRAGMENTS.len())]);
    }
    Trial { texts: texts(random, &[&pattern]), pattern }
}

const FRAGMENTS: &[&str] = &[
    "a",
    "b",
    "é",
    "k",
    "(",
    ")",
    "(",
    ")",
    "[",
    "]",
    "[^",
    "-",
    "a-z",
    "z-a",
    "|",
    "*",
    "+",
    "?",
    "*?",
    "??",
    "{",
    "}",
    "{2}",
    "{2,3}",
    "{3,2}",
    "{,2}",
    "{1000}",
    "{1001}",
    "{2,}",
    "{0}",
    "{007}",
    "{99999999999}",
    "{1,99999999999}",
    "{-1}",
    ",",
    "(?",
    "(?i)",
    "(?i",
    "(?i-)",
    "(?--i)",
    "(?i-s:",
    "(?-:",
    "(?:",
    "(?P<n>",
    "(?P<",
    "(?P=n)",
    "(?<n>",
    "(?<n",
    "(?<=",
    "(?<!a)",
    "(?=",
    "(?!",
    "(?#",
    "(?>",
    "(?P<é>",
    "(?P<>",
    "(?<a-b>",
    "(?x)",
    "(?im)",
    "(?z)",
    "(?U)",
    "(?'n'",
    "\\",
    r"\d",
    r"\D",
    r"\C",
    r"\Z",
    r"\z",
    r"\A",
    r"\G",
    r"\X",
    r"\K",
    r"\1",
    r"\8",
    r"\10",
    r"\08",
    r"\777",
    r"\400",
    r"\x",
    r"\x4",
    r"\x41",
    r"\xg",
    r"\x{",
    r"\x{}",
    r"\x{41",
    r"\x{41}",
    r"\x{110000}",
    r"\x{zz}",
    r"\u0041",
    r"\p",
    r"\pL",
    r"\p{",
    r"\p{L",
    r"\p{L}",
    r"\p{}",
    r"\p{^L}",
    r"\p{^^L}",
    r"\p^",
    r"\pX",
    r"\pé",
    r"\p{Klingon}",
    r"\p{gc=L}",
    r"\P{Greek}",
    r"\p{LATIN}",
    r"\Q",
    r"\E",
    r"\Qa(\E",
    r"\é",
    r"\_",
    r"\-",
    r"\e",
    r"\a",
    r"\b",
    r"\B",
    r"\h",
    r"\R",
    "[:alpha:]",
    "[[:alpha:]]",
    "[[:foo:]]",
    "[[:^alpha:]]",
    "[[:alpha",
    "[:",
    ":]",
    "[]",
    "[]a]",
    "[^]",
    "[^]a]",
    "[a-]",
    "[-a]",
    r"[\d-z]",
    r"[a-\d]",
    "[a-b-c]",
    "[[a]]",
    "[a&&b]",
    "^",
    "$",
    ".",
    "\n",
    "<",
    ">",
    "'",
    ":",
    "\u{FFFD}",
    "😀",
];

/// A real pattern, changed in a few places unless it is to be left as it is.
pub(crate) fn from_real(random: &mut Random, index: usize, changed: bool) -> Trial {
    let (real, samples) = REAL[index % REAL.len()];
    let mut pattern: Vec<char> = real.chars().collect();
    let edits = if changed { 1 + random.below(3) } else { 0 };
    for _ in 0..edits {
        let at = random.below(pattern.len() + 1);
        match random.below(4) {
            0 if at < pattern.len() => drop(pattern.remove(at)),
            1 => pattern.insert(at, random.character()),
            2 => {
                let fragment = FRAGMENTS[random.below(FRAGMENTS.len())];
                pattern.splice(at..at, fragment.chars());
            }
            _ => {
                let end = (at + random.below(6)).min(pattern.len());
                let copy = pattern[at..end].to_vec();
                pattern.splice(at..at, copy);
            }
        }
    }
    Trial { pattern: pattern.into_iter().collect(), texts: texts(random, samples) }
}

/// Patterns of the kind that protos and their neighbours have, with texts that match.
const REAL: &[(&str, &[&str])] = &[
    ("^[a-z]{2,5}$", &["abc", "abcde"]),
    ("^[A-Za-z0-9_.-]+$", &["a_b.c-d"]),
    (r"^\d{3}-\d{4}$", &["555-1234"]),
    (
        "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
        &["123e4567-e89b-12d3-a456-426614174000"],
    ),
    ("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", &["123E4567-e89b-12d3-a456-426614174000"]),
    ("(?i)^[0-9A-HJKMNP-TV-Z]{26}$", &["01ARZ3NDEKTSV4RRFFQ69G5FAV"]),
    (
        r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z.-]+))?$",
        &["1.2.3", "1.0.0-rc.1+b5"],
    ),
    ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", &["my-name", "a"]),
    (r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", &["a.b-c.example"]),
    (
        r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$",
        &["a.b+c@example.com"],
    ),
    (r"^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.|$)){4}", &["192.168.0.1"]),
    (r"^(?:[0-9]{1,3}\.){3}[0-9]{1,3}$", &["10.0.0.1"]),
    (r"^\+[1-9]\d{1,14}$", &["+493012345"]),
    ("^projects/[^/]+/locations/[^/]+$", &["projects/p/locations/eu"]),
    (r"^projects/[\w-]+(/topics/[\w.~+%-]{3,255})?$", &["projects/p-1/topics/abc"]),
    (r"^\S+$", &["word", "\u{a0}"]),
    (r"^\w+([.-]?\w+)*$", &["a.b-c"]),
    ("^(true|false|on|off)?$", &["true", "", "off"]),
    ("^v[0-9]+((alpha|beta)[0-9]+)?$", &["v1", "v2beta3"]),
    ("^[^[:cntrl:]]*$", &["text", "é"]),
    (r"^\p{L}[\p{L}\p{M}\p{N} '.-]*$", &["Zoë O'Neil-Smith 3"]),
    (r"^https?://[^\s/$.?#].[^\s]*$", &["https://example.com/a"]),
    (r"^\Qhttp://\E", &["http://a"]),
    ("^:?[0-9a-zA-Z!#$%&'*+-.^_|~\x60]+$", &[":authority", "x-header"]),
    (r"^[^\x00-\x08\x0A-\x1F\x7F]*$", &["value\t1"]),
    (r"^#?([a-f0-9]{6}|[a-f0-9]{3})$", &["#ffee00", "abc"]),
    (r"^(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])-(?P<day>[0-2]\d|3[01])$", &["2024-02-29"]),
    (r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$", &["23:59", "00:00:01"]),
    ("^[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}$", &["DE89370400440532013000"]),
    (r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$", &["1.5e-3", ".5"]),
    ("^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$", &["aGVsbG8="]),
    (r"^([a-zA-Z]:)?(/[\w .-]+)+/?$", &["/usr/local/bin"]),
    ("(?i)(select|insert|update|delete)", &["Select *", "\u{17F}elect"]),
    ("[A-Z]", &["aBc"]),
    (r"\.proto$", &["a.proto"]),
    ("(?i)^(kilo|mega|gibi)s?$", &["\u{212A}ilo", "MEGAS", "gibi\u{17F}"]),
    ("^.{1,64}$", &["any text", "😀é"]),
    (r"(?s)^.*\n.*$", &["a\nb"]),
    (r"(?m)^\s*#.*$", &["x\n # note\ny"]),
    ("^a?a?a?a?a?aaaaa$", &["aaaaa"]),
    (r"\bfoo\b|\Bbar\B", &["a foo", "abarb"]),
    ("^(?:(?:a|b)*c|d){2,4}$", &["abcdd"]),
];

/// Patterns that are as deep or as large as they may be, and the next ones, which are not accepted.
pub(crate) fn at_limits() -> Vec<Trial> {
    let nested = [
        ("(", ")", 999),
        ("(?:", ")*", 999),
        ("(?i:", ")+?", 999),
        ("(?:b|c", ")+", 333),
        ("(?:b|", ")+", 500),
        ("(?:bb|", ")+", 499),
        ("(a|(bb|", "))", 249),
        ("(?:a?(?:b?", ")c?)*", 500),
        ("(?:(?:a{1}){0,1}){1,", "}", 1000),
        ("a{", "}", 1000),
    ];
    let mut patterns = Vec::new();
    for (open, close, last) in nested {
        for depth in [last - 1, last, last + 1] {
            patterns.push(match close {
                "}" => format!("{open}{depth}}}|a"),
                _ => format!("{}a{}", open.repeat(depth), close.repeat(depth)),
            });
        }
    }
    for (inside, outside) in [(10, 100), (1000, 1), (1000, 2), (1, 1000), (32, 31), (32, 32), (0, 1000)] {
        patterns.push(format!("(?:a{{{inside}}}b?){{{outside}}}|a"));
        patterns.push(format!("(?:(?:a{{0,{inside}}})*){{{outside},}}|a"));
    }
    patterns.push(format!("(?:{}){{1000}}", "[ab]c".repeat(1700)));
    patterns.into_iter().map(|pattern| Trial { pattern, texts: vec![b"a".to_vec(), Vec::new()] }).collect()
}

/// The samples, changed in this way and that, and texts that have nothing to do with them.
fn texts(random: &mut Random, samples: &[&str]) -> Vec<Vec<u8>> {
    let mut texts: Vec<Vec<u8>> = samples.iter().map(|sample| sample.as_bytes().to_vec()).collect();
    texts.push(Vec::new());
    while texts.len() < TEXTS {
        let mut text: Vec<char> = random.pick(samples).chars().collect();
        let at = random.below(text.len() + 1);
        match random.below(8) {
            0 => text = (0..random.below(6)).map(|_| random.character()).collect(),
            1 if at < text.len() => drop(text.remove(at)),
            2 => text.push('\n'),
            3 => text.splice(at..at, [random.character()]).for_each(drop),
            4 => text = text.repeat(2),
            5 => text = text.iter().map(|&letter| swapped(letter)).collect(),
            6 if at < text.len() => text[at] = swapped(text[at]),
            _ if at < text.len() => text[at] = random.character(),
            _ => text.insert(0, random.character()),
        }
        let mut text = String::from_iter(text).into_bytes();
        if random.one_in(10) {
            let noise = random.pick(NOT_UTF8);
            let at = random.below(text.len() + 1);
            text.splice(at..at, noise.iter().copied());
        }
        texts.push(text);
    }
    texts
}

const NOT_UTF8: &[&[u8]] = &[b"\xFF", b"\xC3", b"\xE2\x82", b"\xF0\x9F\x98", b"\xED\xA0\x80", b"\x80"];

/// The letter in another case, an unusual one if it has that.
fn swapped(letter: char) -> char {
    match letter {
        'k' | 'K' => '\u{212A}',
        's' | 'S' => '\u{17F}',
        'σ' => 'ς',
        _ if letter.is_lowercase() => letter.to_uppercase().next().unwrap_or(letter),
        _ => letter.to_lowercase().next().unwrap_or(letter),
    }
}
