//! Tests of strings. What is said of cel-go was read off version 0.32.

use proptest::prelude::*;

use super::*;

#[test]
fn sizes_and_positions_count_code_points() {
    assert_eq!(size("e\u{301}日😀"), 4);
    assert_eq!(char_at("a日b", 1), Ok("日"));
    assert_eq!(substring("a日b", 2), Ok("b"));
    assert_eq!(substring_range("😀日b", 1, 2), Ok("日"));
    assert_eq!(index_of("日日b", "b"), 2);
    assert_eq!(last_index_of("日b日b日", "b"), 3);
    assert_eq!(index_of_from("日b日b", "b", 2), Ok(3));
    assert_eq!(last_index_of_from("日b日b", "b", 2), Ok(1));
}

#[test]
fn the_end_is_a_position_and_what_lies_behind_is_none() {
    assert_eq!(substring("ab", 2), Ok(""));
    assert_eq!(substring_range("ab", 2, 2), Ok(""));
    for index in [3, -1, i64::MAX, i64::MIN] {
        let out_of_range = Err(format!("index out of range: {index}"));
        assert_eq!(substring("ab", index).map_err(|error| error.to_string()), out_of_range);
        assert_eq!(char_at("ab", index).map_err(|error| error.to_string()), out_of_range);
    }
    assert!(substring_range("ab", 0, 3).is_err() && substring_range("ab", -1, 1).is_err());
    assert_eq!(
        substring_range("ab", 2, 1).map_err(|error| error.to_string()),
        Err("invalid substring range. start: 2, end: 1".to_owned())
    );
}

#[test]
fn the_empty_part_is_found_where_the_search_begins_or_at_the_end() {
    assert_eq!((index_of("日b", ""), last_index_of("日b", "")), (0, 2));
    assert_eq!((index_of_from("日b", "", 1), index_of_from("日b", "", 9)), (Ok(1), Ok(2)));
    assert_eq!((last_index_of_from("日b", "", 1), last_index_of_from("日b", "", 9)), (Ok(1), Ok(2)));
    assert!(index_of_from("日b", "", -1).is_err() && last_index_of_from("日b", "", -1).is_err());
}

#[test]
fn the_last_index_is_not_after_the_one_asked_for() {
    assert_eq!(last_index_of_from("bbaöö", "ö", 2), Ok(-1));
    assert_eq!(last_index_of_from("böaaö", "aö", 2), Ok(-1));
    assert_eq!(last_index_of_from("böaaö", "aö", 3), Ok(3));
    // Beyond the end nothing is looked for, as in cel-go.
    assert_eq!(last_index_of_from("abc", "a", 3), Ok(-1));
}

#[test]
fn parts_are_replaced_and_split_as_by_go() {
    assert_eq!(replace("aö", "", "-"), "-a-ö-");
    assert_eq!(replace_n("aaa", "a", "b", -1), "bbb");
    assert_eq!(replace_n("aaa", "a", "b", 0), "aaa");
    assert_eq!(split("", ","), [""]);
    assert!(split("", "").is_empty());
    assert_eq!(split_n("aöb", "", 2), ["a", "öb"]);
    assert_eq!(split_n("a,b", ",", 1), ["a,b"]);
    assert_eq!(join(&["a", "", "b"], "--"), "a----b");
    assert_eq!(join::<&str>(&[], "--"), "");
}

#[test]
fn only_letters_of_ascii_change_their_case() {
    assert_eq!(lower_ascii("TacoCÆt"), "tacocÆt");
    assert_eq!(upper_ascii("tacocæt"), "TACOCæT");
}

#[test]
fn unicodes_white_space_is_trimmed() {
    assert_eq!(trim(" \u{9}\u{85}\u{a0}\u{2028}\u{3000}a b\u{1680}\r\n"), "a b");
    // Neither is white space.
    assert_eq!(trim("\u{200b}a\u{180e}"), "\u{200b}a\u{180e}");
}

#[test]
fn only_characters_with_an_escape_are_escaped() {
    assert_eq!(quote("\u{7}\u{8}\u{c}\n\r\t\u{b}\\\"'\0ö"), "\"\\a\\b\\f\\n\\r\\t\\v\\\\\\\"'\0ö\"");
}

#[test]
fn scalars_become_strings() {
    assert_eq!(
        (from_bool(true), from_int(-1), from_uint(u64::MAX)),
        ("true", "-1".into(), u64::MAX.to_string())
    );
    assert_eq!((from_double(1e5), from_double(f64::INFINITY)), ("100000".into(), "+Inf".into()));
    assert_eq!(from_bytes("ö".as_bytes()), Ok("ö"));
    assert_eq!(
        from_bytes(&[0xff]).map_err(|error| error.to_string()),
        Err("invalid UTF-8 in bytes, cannot convert to string".to_owned())
    );
}

proptest! {
    #[test]
    fn parts_join_to_the_whole(text in "[abö,]{0,8}", separator in "[aö,]{0,2}", limit in -1i64..5) {
        prop_assume!(limit != 0);
        prop_assert_eq!(join(&split_n(&text, &separator, limit), &separator), text);
    }

    #[test]
    fn an_index_is_where_the_part_stands(text in "[abö]{0,8}", part in "[abö]{0,2}", from in 0i64..10) {
        let length = size(&part);
        for found in [index_of(&text, &part), last_index_of(&text, &part)] {
            if found >= 0 {
                prop_assert_eq!(substring_range(&text, found, found + length), Ok(part.as_str()));
            }
        }
        let next = index_of_from(&text, &part, from);
        prop_assert!(next.as_ref().is_ok_and(|next| *next == -1 || *next >= from.min(size(&text))));
        let before = last_index_of_from(&text, &part, from);
        prop_assert!(before.is_ok_and(|before| before <= from));
    }

    #[test]
    fn what_is_reversed_twice_is_the_same(text: String) {
        prop_assert_eq!(reverse(&reverse(&text)), text);
    }
}
