//! Messages through the codecs, and what the options of buffa add.

use gannet::codegen::buffa::{Message as _, MessageView as _};
use gannet::codegen::prost::Message as _;
use gannet::codegen::serde_json;
use gannet_codegen_tests::{buffa_tree, everything, prost};

#[test]
fn both_codecs_write_the_same_bytes() {
    let buffa = buffa_tree::helloworld::HelloRequest { name: "zhangsan".into() };
    let prost = prost::helloworld::HelloRequest { name: "zhangsan".into() };
    assert_eq!(buffa.encode_to_vec(), prost.encode_to_vec());
}

#[test]
fn json_is_protobuf_s() {
    let message = everything::a::b::c::D { self_: true, r#type: 3, ..Default::default() };
    let json = serde_json::to_string(&message).unwrap();
    assert_eq!(json, r#"{"self":true,"type":3}"#);
    assert_eq!(serde_json::from_str::<everything::a::b::c::D>(&json).unwrap(), message);
}

#[test]
fn a_view_borrows_what_was_received() {
    let bytes = everything::helloworld::HelloRequest { name: "zhangsan".into(), ..Default::default() }
        .encode_to_vec();
    let view = everything::helloworld::__buffa::view::HelloRequestView::decode_view(&bytes).unwrap();
    assert!(bytes.as_ptr_range().contains(&view.name.as_ptr()));
}

#[test]
fn unknown_fields_survive_where_they_are_asked_for() {
    let sent = buffa_tree::a::b::c::D { self_: true, r#type: 3 }.encode_to_vec();
    let kept = everything::helloworld::HelloRequest::decode_from_slice(&[0x50, 0x01]).unwrap();
    assert_eq!(kept.encode_to_vec(), [0x50, 0x01]);
    let dropped = buffa_tree::helloworld::HelloRequest::decode_from_slice(&[0x50, 0x01]).unwrap();
    assert!(dropped.encode_to_vec().is_empty());
    assert_eq!(sent, [0x08, 0x01, 0x10, 0x03]);
}
