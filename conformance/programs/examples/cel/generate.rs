//! Arguments of functions: valid ones, ones at the limits, and ones of which a piece is wrong. The same seed gives the same.

use crate::Arguments;

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E3779B97F4A7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58476D1CE4E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D049BB133111EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn pick<'i>(&mut self, items: &[&'i str]) -> &'i str {
        items[self.below(items.len() as u64) as usize]
    }

    /// Up to that many of the items, one behind the other.
    fn pieces(&mut self, items: &[&str], count: u64) -> String {
        (0..self.below(count + 1)).map(|_| self.pick(items)).collect()
    }

    /// One of the texts with up to three characters changed, half of the time.
    fn changed(&mut self, texts: &[&str], characters: &str) -> String {
        let mut text: Vec<char> = self.pick(texts).chars().collect();
        let characters: Vec<char> = characters.chars().collect();
        for _ in 0..if self.one_in(2) { 0 } else { 1 + self.below(3) } {
            let at = self.below(text.len() as u64 + 1) as usize;
            let character = characters[self.below(characters.len() as u64) as usize];
            match self.below(4) {
                0 => text.insert(at, character),
                1 if at < text.len() => drop(text.remove(at)),
                2 if at < text.len() => text[at] = character,
                _ => text.extend_from_within(at..text.len().min(at + 20)),
            }
        }
        text.into_iter().collect()
    }
}

fn text(a: String) -> Arguments {
    Arguments { a, b: String::new(), n: 0, m: 0 }
}

fn texts(a: String, b: String) -> Arguments {
    Arguments { a, b, n: 0, m: 0 }
}

pub(crate) fn email(random: &mut Random) -> Arguments {
    let valid = ["foo@example.com", "first.last+tag@mail.example.com", "!#$%&'*+/=?^_`{|}~-@x-1.y", "a@1"];
    let long = "x".repeat(62);
    let parts = ["a", ".", "@", "-", &long, "example", "!", "\"", "(", " ", "é", "_", "1", "\n"];
    text(if random.one_in(2) { random.changed(&valid, "0aZ.@-_é\"+ ") } else { random.pieces(&parts, 7) })
}

pub(crate) fn host(random: &mut Random) -> Arguments {
    let valid = [
        "example.com",
        "a.b-c.d1.",
        "127.0.0.1:80",
        "example.com:8080",
        "[::1]:443",
        "[fe80::1%eth0]:65535",
        "[::]",
    ];
    let long = "x".repeat(63);
    let parts = [
        "a",
        "-",
        ".",
        "com",
        "1",
        "[",
        "::1",
        "]",
        ":",
        "80",
        "65536",
        "0",
        "%",
        "_",
        &long,
        "127.0.0.1",
        "é",
    ];
    text(if random.one_in(2) { random.changed(&valid, "09aZ:.%/x[]-_é ") } else { random.pieces(&parts, 6) })
}

const ADDRESSES: &[&str] = &[
    "127.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "1:2:3:4:5:6:7:8",
    "2001:db8:ABCD:12::F1",
    "::ffff:192.0.2.1",
    "fe80::1%eth0",
    "1:2:3:4:5:6:7::",
    "1:2:3:4:5:6:1.2.3.4",
];

pub(crate) fn ip(random: &mut Random) -> Arguments {
    let parts =
        ["::", ":", "1", "ffff", "0", "1.2.3.4", "%", "a", ".", "255", "256", "01", "abcde", "2:3:4:5:"];
    let mut arguments = text(if random.one_in(2) {
        random.changed(ADDRESSES, "0129aF:.%x")
    } else {
        random.pieces(&parts, 7)
    });
    arguments.n = [0, 4, 6, 5][random.below(4) as usize];
    arguments
}

pub(crate) fn ip_prefix(random: &mut Random) -> Arguments {
    let lengths = [
        "/0", "/1", "/8", "/24", "/31", "/32", "/33", "/64", "/112", "/127", "/128", "/129", "/08", "/", "",
        "/+1", "/1/",
    ];
    let networks = ["10.0.0.0", "192.0.2.128", "0.0.0.0", "2001:db8::", "::", "::ffff:192.0.0.0", "8000::"];
    let mut arguments = ip(random);
    if random.one_in(2) {
        arguments.a = random.changed(&networks, "0189aF:./");
    }
    arguments.a.push_str(random.pick(&lengths));
    arguments
}

pub(crate) fn uri(random: &mut Random) -> Arguments {
    let valid = [
        "https://user:password@example.com:443/a/b%20c;d?e=f&g=?/#h",
        "http://[::1]:80/",
        "http://[fe80::1%25eth0]",
        "a:b",
        "urn:isbn:1",
        "http://[v1.a:b]/",
        "//host/path",
        "../a/b?c#d",
        "/a//b",
        "http://%c3%b6/",
        "mailto:a@b.c",
        "http://h:?#",
        "?a#b",
    ];
    let parts = [
        "http",
        "a",
        "1",
        ":",
        "//",
        "/",
        "?",
        "#",
        "@",
        "[",
        "]",
        "::1",
        "%",
        "%25",
        "%c3%b6",
        "%c3",
        "%ff",
        "v1.",
        "x",
        "-._~",
        "!$&'()*+,;=",
        "{",
        "^",
        " ",
        "é",
        "443",
        "http://",
    ];
    text(if random.one_in(2) {
        random.changed(&valid, "0aZ:.%/?#[]@-_é^2cF")
    } else {
        random.pieces(&parts, 8)
    })
}

/// Decimals, hexadecimals, and what is nearly one.
fn a_number(random: &mut Random) -> String {
    let limits = [
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "9007199254740993",
        "9007199254740992",
        "0",
        "-0",
        "1",
        "-1",
    ];
    let parts = [
        "0", "1", "9", "-", "+", ".", "e", "x", "0x", "p", "_", "inf", "nan", "Infinity", "308", "-324",
        ".5", " ", "a",
    ];
    match random.below(8) {
        0 => random.pick(&limits).to_owned(),
        1 => random.next().cast_signed().to_string(),
        2 => (random.below(400).cast_signed() - 200).to_string(),
        3 => f64::from_bits(random.next()).to_string(),
        4 => format!("{:e}", f64::from_bits(random.next())),
        // Many of these lie in the middle between two texts.
        5 => (f64::from_bits(random.next() >> 12 | 0x42D0_0000_0000_0000)).to_string(),
        6 => format!(
            "{}0x{:x}.{:x}p{}",
            random.pick(&["", "-"]),
            random.next(),
            random.next(),
            random.below(2200).cast_signed() - 1150
        ),
        _ => random.pieces(&parts, 4),
    }
}

pub(crate) fn number(random: &mut Random) -> Arguments {
    text(a_number(random))
}

pub(crate) fn numbers(random: &mut Random) -> Arguments {
    let a = a_number(random);
    let b = if random.one_in(4) { a.clone() } else { a_number(random) };
    texts(a, b)
}

fn a_duration(random: &mut Random) -> String {
    let units = ["h", "m", "s", "ms", "us", "µs", "μs", "ns"];
    let parts = [
        "1",
        "0",
        ".",
        "-",
        "+",
        "h",
        "m",
        "s",
        "ms",
        "ns",
        "2562047",
        "9223372036",
        "854775807",
        "854775808",
        "d",
        " ",
        "0.3333333333333333333",
    ];
    if random.one_in(4) {
        return random.pieces(&parts, 4);
    }
    let mut duration = random.pick(&["", "-", "+"]).to_owned();
    for _ in 0..=random.below(2) {
        let digits = 1 + random.below(9) as u32;
        duration.push_str(&random.below(10u64.pow(digits)).to_string());
        if random.one_in(2) {
            let digits = 1 + random.below(19) as u32;
            duration.push('.');
            duration.push_str(&random.below(10u64.pow(digits)).to_string());
        }
        duration.push_str(random.pick(&units));
    }
    duration
}

fn a_timestamp(random: &mut Random) -> String {
    let year = [0, 1, 1900, 1969, 1970, 2000, 2024, 9999, random.below(10_000)][random.below(9) as usize];
    let (month, day) = (1 + random.below(12), 1 + random.below(31));
    let (hour, minute, second) = (random.below(24), random.below(60), random.below(60));
    let fraction = random.pick(&["", ".5", ".123456789", ".1234567899", ".000", ".999999999"]);
    let zone = random.pick(&["Z", "Z", "+02:00", "-23:59", "-00:30"]);
    let timestamp =
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}");
    if random.one_in(5) { random.changed(&[&timestamp], "0169TZtz:-+. ") } else { timestamp }
}

pub(crate) fn duration(random: &mut Random) -> Arguments {
    text(a_duration(random))
}

pub(crate) fn timestamp(random: &mut Random) -> Arguments {
    // Names of zones need a feature; without it the words differ.
    let zones = [
        "UTC", "", "+02:00", "-02:30", "02:00", "-00:30", "24:00", "x:1", "1:", "1:60", "1:-1", "..",
        "+-1:00", "1:+5",
    ];
    texts(a_timestamp(random), random.pick(&zones).to_owned())
}

pub(crate) fn timestamp_and_duration(random: &mut Random) -> Arguments {
    texts(a_timestamp(random), a_duration(random))
}

pub(crate) fn timestamps(random: &mut Random) -> Arguments {
    texts(a_timestamp(random), a_timestamp(random))
}

pub(crate) fn durations(random: &mut Random) -> Arguments {
    texts(a_duration(random), a_duration(random))
}

pub(crate) fn strings(random: &mut Random) -> Arguments {
    let parts = [
        "a", "b", "A", "Z", "é", "É", "日", "😀", " ", "\n", "\t", "\"", "\\", "\u{7}", "\u{b}", "\0",
        "\u{a0}", "\u{2028}", "\u{85}", "ß",
    ];
    text(random.pieces(&parts, 8))
}

pub(crate) fn positions(random: &mut Random) -> Arguments {
    let a = random.pieces(&["a", "b", "ab", "ö", "日"], 8);
    let b = random.pieces(&["a", "b", "ö"], 2);
    let mut number = || random.below(13).cast_signed() - 2;
    Arguments { a, b, n: number(), m: number() }
}

pub(crate) fn template(random: &mut Random) -> Arguments {
    let parts = [
        "%s", "%d", "%f", "%e", "%x", "%X", "%o", "%b", "%%", "%", ".", "%.3f", "%.2e", "%.f", "%.101f",
        "abc", "ö", "%q", "1",
    ];
    text(random.pieces(&parts, 3))
}
