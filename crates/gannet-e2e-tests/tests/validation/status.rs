//! The status of a refused call as it comes over a connection: its text, its details, its size.

use gannet::buffa::Message;
use gannet::http2::Config;
use gannet::validate::{Subscript, Violations};
use gannet::{Channel, Code, Server, Status};
use gannet_e2e_tests::violations::{self, RpcStatus, field_path_element};

use crate::support::{on_tcp, one_thread};
use crate::words::{Client, Words};

/// What a client gets for this word over TCP, taking so many bytes of header fields.
async fn refused(text: &str, max_header_list_size: u32) -> Status {
    let (_serving, port) = on_tcp(Server::new().validate().add(Words::new()), 0).await;
    let mut config = Config::default();
    config.max_header_list_size = max_header_list_size;
    let channel = Channel::builder(&format!("http://127.0.0.1:{port}")).http2(config).lazy().unwrap();
    Client(channel).say(text).await.unwrap_err()
}

#[test]
fn details_are_a_violations_message_in_a_google_rpc_status() {
    one_thread(async {
        let status = refused("a! b!", 16 << 10).await;
        let text = "validation errors:\n - text[1]: must be calm\n - text[4]: must be calm";
        assert_eq!((status.code(), status.message()), (Code::InvalidArgument, text));

        // By messages generated from the contract, which know nothing of how they were written.
        let details = RpcStatus::decode_from_slice(status.details()).unwrap();
        assert_eq!((details.code, details.message.as_str()), (3, text));
        let [detail] = details.details.as_slice() else { panic!("one detail: {details:?}") };
        assert_eq!(detail.type_url, "type.googleapis.com/buf.validate.Violations");
        let told = violations::Violations::decode_from_slice(&detail.value).unwrap();
        let [_, second] = told.violations.as_slice() else { panic!("two violations: {told:?}") };
        assert_eq!(second.rule_id.as_deref(), Some("word.calm"));
        assert_eq!(second.message.as_deref(), Some("must be calm"));
        assert_eq!(second.for_key, None);
        let [field] = &*second.field.elements else { panic!("one step: {second:?}") };
        assert_eq!((field.field_number, field.field_name.as_deref()), (Some(1), Some("text")));
        assert_eq!((field.field_type, field.key_type, field.value_type), (Some(9), None, None));
        assert_eq!(field.subscript, Some(field_path_element::Subscript::Index(4)));
        let [string, cel] = &*second.rule.elements else { panic!("two steps: {second:?}") };
        assert_eq!((string.field_number, string.field_name.as_deref()), (Some(14), Some("string")));
        assert_eq!((cel.field_number, cel.field_type, &cel.subscript), (Some(23), Some(11), &None));
        assert_eq!(told.encode_to_vec(), detail.value, "and byte for byte as a message library writes it");
    });
}

#[test]
fn clients_read_the_violations_from_the_status() {
    one_thread(async {
        let status = refused("!", 16 << 10).await;
        let violations = Violations::from_status(&status).unwrap();
        let [violation] = &*violations else { panic!("one violation: {violations:?}") };
        assert_eq!(violation.to_string(), "text[0]: must be calm");
        assert_eq!(violation.field.elements[0].subscript, Some(Subscript::Index(0)));
        assert_eq!(violation.rule_id, "word.calm");
    });
}

#[test]
fn as_much_is_told_as_clients_with_small_buffers_receive() {
    one_thread(async {
        let status = refused(&"!".repeat(100), 8 << 10).await;
        assert_eq!(status.code(), Code::InvalidArgument);
        let told = Violations::from_status(&status).unwrap().len();
        assert!((10..100).contains(&told), "{told}");
        let left_out = format!("\n - ({} more: there is no room for them in a status)", 100 - told);
        assert!(status.message().ends_with(&left_out), "{status}");
    });
}
