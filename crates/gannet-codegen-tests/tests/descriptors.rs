//! The descriptor set that travels with the code.

use gannet::codegen::buffa::Message as _;
use gannet::codegen::buffa_descriptor::generated::descriptor::FileDescriptorSet;
use gannet_codegen_tests::{buffa_tree, elsewhere, everything, prost};

fn names(set: &[u8]) -> Vec<String> {
    let set = FileDescriptorSet::decode_from_slice(set).expect("a descriptor set");
    set.file.into_iter().filter_map(|file| file.name).collect()
}

fn holds(set: &[u8], bytes: &[u8]) -> bool {
    set.windows(bytes.len()).any(|window| window == bytes)
}

#[test]
fn it_holds_every_file_once_and_each_behind_its_imports() {
    let names = names(&elsewhere::ELSEWHERE_FILE_DESCRIPTOR_SET);
    assert_eq!(
        names,
        ["nasty/a_b_c.proto", "nasty/a_b.proto", "nasty/type.proto", "nasty/a.proto", "user/user.proto"]
    );
}

#[test]
fn it_keeps_custom_options() {
    let set = &buffa_tree::FILE_DESCRIPTOR_SET;
    // FieldOptions { 65020: FieldRules { regex } }, MethodOptions { 65021: "audited" }
    assert!(holds(set, b"\xe2\xdf\x1f\x0c\x0a\x0a^[z]{2,5}$"));
    assert!(holds(set, b"\xea\xdf\x1f\x07audited"));
    assert!(names(set).contains(&"google/protobuf/descriptor.proto".to_owned()));
}

#[test]
fn it_holds_no_comments() {
    assert!(!holds(&buffa_tree::FILE_DESCRIPTOR_SET, b"not Rust"));
}

#[test]
fn it_is_the_same_for_both_codecs() {
    assert_eq!(buffa_tree::FILE_DESCRIPTOR_SET, prost::PROST_FILE_DESCRIPTOR_SET);
    assert_eq!(buffa_tree::FILE_DESCRIPTOR_SET, everything::EVERYTHING_FILE_DESCRIPTOR_SET);
}

#[test]
fn it_is_in_the_program_once() {
    let set = &raw const buffa_tree::FILE_DESCRIPTOR_SET;
    assert!(std::ptr::addr_eq(buffa_tree::a::ALPHA_SERVICE.file_descriptor_set, set));
    assert!(std::ptr::addr_eq(buffa_tree::ROOT_SERVICE.file_descriptor_set, set));
}
