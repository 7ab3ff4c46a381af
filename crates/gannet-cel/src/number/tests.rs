//! Tests of doubles as text. What Go makes of them was read off cel-go 0.32.

use proptest::prelude::*;

use super::*;

fn shortest(value: f64) -> String {
    let mut text = String::new();
    write_shortest(&mut text, value);
    text
}

fn scientific(value: f64, precision: usize) -> String {
    let mut text = String::new();
    write_scientific(&mut text, value, precision);
    text
}

#[test]
fn the_shortest_digits_have_no_exponent() {
    let written = [
        (0.0, "0"),
        (-0.0, "-0"),
        (1e21, "1000000000000000000000"),
        (1e-7, "0.0000001"),
        (0.1 + 0.2, "0.30000000000000004"),
        (f64::from(0.1f32), "0.10000000149011612"),
        (f64::NAN, "NaN"),
        (f64::INFINITY, "Infinity"),
        (f64::NEG_INFINITY, "-Infinity"),
    ];
    for (value, text) in written {
        assert_eq!(shortest(value), text);
    }
}

#[test]
fn of_two_equally_near_texts_the_even_one_is_written() {
    assert_eq!(shortest(2_483_677_668_154.781_2), "2483677668154.7812");
    assert_eq!(shortest(-2_060_377_894_976_165.2), "-2060377894976165.2");
    // The digit five at the end of all that a number has is no tie.
    assert_eq!(shortest(2_012_832_019_029.312_5), "2012832019029.3125");
    assert_eq!(shortest(10_000_000.5), "10000000.5");
}

#[test]
fn exponents_have_two_digits_at_least() {
    assert_eq!(scientific(1500.0, 6), "1.500000e+03");
    assert_eq!(scientific(-0.001, 1), "-1.0e-03");
    assert_eq!(scientific(1e300, 0), "1e+300");
    assert_eq!(scientific(f64::INFINITY, 2), "Infinity");
}

#[test]
fn fixed_digits_are_rounded_half_to_even() {
    for (value, text) in
        [(0.125, "0.12"), (0.375, "0.38"), (1e22, "10000000000000000000000.00"), (-0.001, "-0.00")]
    {
        let mut written = String::new();
        write_fixed(&mut written, value, 2);
        assert_eq!(written, text);
    }
}

#[test]
fn what_go_reads_is_read() {
    let read = [
        ("1e3", 1000.0),
        ("+.5", 0.5),
        ("5.", 5.0),
        ("1_000.5", 1000.5),
        ("0x1p-2", 0.25),
        ("0X_1.8P+1", 3.0),
        ("-0x.8p0", -0.5),
        ("infinity", f64::INFINITY),
        ("-Inf", f64::NEG_INFINITY),
        ("1e-400", 0.0),
        ("0x1p-1074", 5e-324),
        // Half of the least number goes to the even zero, anything above it to the least number.
        ("0x1p-1075", 0.0),
        ("0x1.0000000000000000000001p-1075", 5e-324),
        // A tie in the mantissa, and what lies above it.
        ("0x1.00000000000008p0", 1.0),
        ("0x1.000000000000080000000000001p0", 1.0 + f64::EPSILON),
        ("0x1.fffffffffffff8p-1023", f64::MIN_POSITIVE),
        ("0x0p99999999999999999999", 0.0),
    ];
    for (text, value) in read {
        assert_eq!(parse(text).map(f64::to_bits), Some(value.to_bits()), "{text}");
    }
    assert!(parse("NaN").is_some_and(f64::is_nan));
}

#[test]
fn what_go_refuses_is_refused() {
    let refused = [
        "",
        "+",
        ".",
        "e5",
        "1e",
        "1e+",
        "1 ",
        " 1",
        "+nan",
        "-nan",
        "nano",
        "in",
        "infinit",
        "1e400",
        "-1e400",
        "0x",
        "0x1",
        "0xp1",
        "0x.p1",
        "0x1p",
        "0x1p+",
        "0x1p99999",
        "1__0",
        "_1",
        "1_",
        "1_.5",
        "1e_5",
        "0x1_p1",
        "++1",
        "--1",
        "1e5.5",
        "0x1p1.5",
        "é",
        "0x1e5",
        "0b1",
    ];
    for text in refused {
        assert_eq!(parse(text), None, "{text:?}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(bits: u64) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        prop_assert_eq!(parse(&shortest(value)).map(f64::to_bits), Some(bits));
        prop_assert_eq!(parse(&scientific(value, 17)).map(f64::to_bits), Some(bits));
    }

    #[test]
    fn hexadecimal_digits_are_exact(mantissa in 0u64..1 << 53, exponent in -1000i32..900) {
        let value = parse(&format!("0x{mantissa:x}p{exponent}"));
        let exact = u32::try_from(mantissa >> 32).ok().zip(u32::try_from(mantissa & 0xffff_ffff).ok())
            .map(|(high, low)| (f64::from(high) * 2f64.powi(32) + f64::from(low)) * 2f64.powi(exponent));
        prop_assert_eq!(value, exact);
    }

    #[test]
    fn no_text_is_too_much(text: String) {
        let _ = parse(&text);
    }
}
