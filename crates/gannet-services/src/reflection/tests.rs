//! Reflection without a server: what is found by which name, what goes out, what is warned of.

use gannet_buffa::buffa::Message;
use gannet_buffa::buffa_descriptor::generated::descriptor::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, MethodDescriptorProto, OneofDescriptorProto, ServiceDescriptorProto, SourceCodeInfo,
};
use gannet_core::Code;

use super::*;
use crate::generated::grpc::reflection::v1::server_reflection_request::MessageRequest;
use crate::generated::grpc::reflection::v1::server_reflection_response::MessageResponse;
use crate::generated::grpc::reflection::v1::{
    ExtensionRequest, SERVER_REFLECTION_SERVICE, ServerReflectionRequest, ServerReflectionResponse,
};
use crate::generated::grpc::reflection::v1alpha;

#[allow(clippy::unnecessary_wraps, reason = "it is what the fields of descriptors hold")]
fn name(name: &str) -> Option<String> {
    Some(name.to_owned())
}

fn message(of: &str, fields: &[&str]) -> DescriptorProto {
    let field = |field: &&str| FieldDescriptorProto { name: name(field), ..Default::default() };
    DescriptorProto { name: name(of), field: fields.iter().map(field).collect(), ..Default::default() }
}

fn enumeration(of: &str, values: &[&str]) -> EnumDescriptorProto {
    let value = |value: &&str| EnumValueDescriptorProto { name: name(value), ..Default::default() };
    EnumDescriptorProto { name: name(of), value: values.iter().map(value).collect(), ..Default::default() }
}

fn extension(of: &str, extendee: &str, number: i32) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: name(of),
        extendee: name(extendee),
        number: Some(number),
        ..Default::default()
    }
}

fn file(path: &str, package: &str, imports: &[&str]) -> FileDescriptorProto {
    FileDescriptorProto {
        name: name(path),
        package: (!package.is_empty()).then(|| package.to_owned()),
        dependency: imports.iter().map(|import| (*import).to_owned()).collect(),
        ..Default::default()
    }
}

/// A file with one of everything.
fn shop() -> FileDescriptorProto {
    let mut order = message("Order", &["id"]);
    order.nested_type.push(message("Item", &["sku"]));
    order.enum_type.push(enumeration("State", &["OPEN", "PAID"]));
    order.oneof_decl.push(OneofDescriptorProto { name: name("payment"), ..Default::default() });
    order.extension.push(extension("nested_hint", ".shop.Extendable", 102));
    let mut shop = file("shop.proto", "shop", &["base.proto"]);
    shop.message_type.extend([order, message("Extendable", &[])]);
    shop.enum_type.push(enumeration("Currency", &["EUR"]));
    shop.extension.push(extension("hint", ".shop.Extendable", 101));
    shop.service.push(ServiceDescriptorProto {
        name: name("Till"),
        method: vec![MethodDescriptorProto { name: name("Pay"), ..Default::default() }],
        ..Default::default()
    });
    shop
}

fn set_of(files: &[Vec<u8>]) -> Vec<u8> {
    let mut set = Vec::new();
    for file in files {
        set.push(0x0a);
        let mut length = file.len();
        while length >= 0x80 {
            set.push(length as u8 | 0x80);
            length >>= 7;
        }
        set.push(length as u8);
        set.extend_from_slice(file);
    }
    set
}

fn set(files: &[FileDescriptorProto]) -> Vec<u8> {
    set_of(&files.iter().map(Message::encode_to_vec).collect::<Vec<_>>())
}

/// A service as generated code has it, for ever.
fn service(name: &'static str, set: Vec<u8>) -> &'static ServiceDescriptor {
    Box::leak(Box::new(ServiceDescriptor { name, methods: &[], file_descriptor_set: set.leak() }))
}

fn till(files: &[FileDescriptorProto]) -> &'static ServiceDescriptor {
    service("shop.Till", set(files))
}

fn index(services: &[&'static ServiceDescriptor]) -> Index {
    let (index, warnings) = Reflection::new().index(services);
    assert_eq!(warnings, []);
    index
}

fn shop_index() -> Index {
    index(&[till(&[file("base.proto", "", &[]), shop()])])
}

fn respond(conversation: &mut Conversation<'_>, request: MessageRequest) -> ServerReflectionResponse {
    let request = ServerReflectionRequest { host: "shop.example".to_owned(), message_request: Some(request) };
    let response = V1::respond(conversation, request.clone());
    assert_eq!(response.valid_host, "shop.example");
    assert_eq!(response.original_request.as_option(), Some(&request));
    response
}

/// The files of an answer by their names, or the code of an error.
fn files(conversation: &mut Conversation<'_>, request: MessageRequest) -> Result<Vec<String>, i32> {
    match respond(conversation, request).message_response {
        Some(MessageResponse::FileDescriptorResponse(files)) => {
            let name = |bytes| FileDescriptorProto::decode_from_slice(bytes).unwrap().name.unwrap();
            Ok(files.file_descriptor_proto.iter().map(|bytes| name(bytes)).collect())
        }
        Some(MessageResponse::ErrorResponse(error)) => {
            assert!(!error.error_message.is_empty());
            Err(error.error_code)
        }
        other => panic!("{other:?}"),
    }
}

fn file_named(index: &Index, name: &str) -> Result<Vec<String>, i32> {
    files(&mut Conversation::new(index), MessageRequest::FileByFilename(name.to_owned()))
}

fn symbol(index: &Index, name: &str) -> Result<Vec<String>, i32> {
    files(&mut Conversation::new(index), MessageRequest::FileContainingSymbol(name.to_owned()))
}

fn extension_of(index: &Index, message: &str, number: i32) -> Result<Vec<String>, i32> {
    let request = ExtensionRequest { containing_type: message.to_owned(), extension_number: number };
    files(&mut Conversation::new(index), request.into())
}

fn numbers(index: &Index, message: &str) -> Result<Vec<i32>, i32> {
    let request = MessageRequest::AllExtensionNumbersOfType(message.to_owned());
    match respond(&mut Conversation::new(index), request).message_response {
        Some(MessageResponse::AllExtensionNumbersResponse(response)) => {
            assert_eq!(response.base_type_name, message);
            Ok(response.extension_number)
        }
        Some(MessageResponse::ErrorResponse(error)) => Err(error.error_code),
        other => panic!("{other:?}"),
    }
}

const NOT_FOUND: i32 = Code::NotFound as i32;

#[test]
fn every_kind_of_symbol_leads_to_its_file() {
    let index = shop_index();
    for known in [
        "shop.Till",
        "shop.Till.Pay",
        "shop.Order",
        "shop.Order.id",
        "shop.Order.payment",
        "shop.Order.Item",
        "shop.Order.Item.sku",
        "shop.Order.State",
        "shop.Order.PAID",
        "shop.Order.nested_hint",
        "shop.Currency",
        "shop.EUR",
        "shop.hint",
    ] {
        assert_eq!(symbol(&index, known), Ok(vec!["shop.proto".into(), "base.proto".into()]), "{known}");
    }
    for unknown in
        ["", "shop", "Till", "shop.Till.Refund", "shop.Order.State.PAID", ".shop.Till", "shop.Till."]
    {
        assert_eq!(symbol(&index, unknown), Err(NOT_FOUND), "{unknown}");
    }
}

#[test]
fn symbols_of_a_file_without_a_package_have_no_scope() {
    let mut bare = file("bare.proto", "", &[]);
    bare.message_type.push(message("Bare", &["field"]));
    let (index, _) = Reflection::new().add_descriptor_set(set(&[bare])).unwrap().index(&[]);
    assert!(symbol(&index, "Bare").is_ok() && symbol(&index, "Bare.field").is_ok());
    assert_eq!(symbol(&index, ".Bare"), Err(NOT_FOUND));
}

#[test]
fn extensions_are_found_by_what_they_extend_and_by_number() {
    let index = shop_index();
    assert!(extension_of(&index, "shop.Extendable", 101).is_ok());
    assert!(extension_of(&index, "shop.Extendable", 102).is_ok());
    assert_eq!(extension_of(&index, "shop.Extendable", 103), Err(NOT_FOUND));
    assert_eq!(extension_of(&index, "shop.Order", 101), Err(NOT_FOUND));
    assert_eq!(extension_of(&index, "shop.Nothing", -1), Err(NOT_FOUND));
    assert_eq!(numbers(&index, "shop.Extendable"), Ok(vec![101, 102]));
    assert_eq!(numbers(&index, "shop.Order"), Ok(Vec::new()));
    assert_eq!(numbers(&index, "shop.Nothing"), Err(NOT_FOUND));
    assert_eq!(numbers(&index, "shop.Till"), Err(NOT_FOUND), "a service has no extensions");
}

#[test]
fn a_file_goes_out_first_and_its_imports_once_for_each_stream() {
    let files_of = |name: &str| MessageRequest::FileByFilename(name.to_owned());
    // A diamond on a chain.
    let index = index(&[till(&[
        file("bottom.proto", "b", &[]),
        file("left.proto", "l", &["bottom.proto"]),
        file("right.proto", "r", &["bottom.proto"]),
        shop(),
        file("base.proto", "", &["left.proto", "right.proto"]),
    ])]);
    let mut conversation = Conversation::new(&index);
    assert_eq!(files(&mut conversation, files_of("left.proto")).unwrap(), ["left.proto", "bottom.proto"]);
    assert_eq!(
        files(&mut conversation, files_of("shop.proto")).unwrap(),
        ["shop.proto", "base.proto", "right.proto"]
    );
    assert_eq!(files(&mut conversation, files_of("shop.proto")).unwrap(), ["shop.proto"]);
    assert_eq!(files(&mut conversation, files_of("bottom.proto")).unwrap(), ["bottom.proto"]);
    let all = file_named(&index, "shop.proto").unwrap();
    assert_eq!(all, ["shop.proto", "base.proto", "left.proto", "right.proto", "bottom.proto"]);
}

#[test]
fn files_that_import_each_other_go_out_once() {
    // No compiler makes such files; bytes can say it all the same.
    let mut shop = shop();
    shop.dependency.push("shop.proto".into());
    let index = index(&[till(&[shop, file("base.proto", "", &["shop.proto"])])]);
    assert_eq!(file_named(&index, "base.proto").unwrap(), ["base.proto", "shop.proto"]);
}

#[test]
fn files_are_served_byte_for_byte() {
    // An option that nobody here knows, and a known field with a varint that is longer than it need be.
    let mut bytes = file("odd.proto", "odd", &[]).encode_to_vec();
    bytes.extend_from_slice(b"\x42\x0e\xe2\xdf\x1f\x0a^[z]{2,5}$\x52\x81\x00\x00");
    let set = set_of(std::slice::from_ref(&bytes));
    let (index, warnings) = Reflection::new().add_descriptor_set(set).unwrap().index(&[]);
    assert_eq!(warnings, []);
    let request = MessageRequest::FileByFilename("odd.proto".to_owned());
    match respond(&mut Conversation::new(&index), request).message_response {
        Some(MessageResponse::FileDescriptorResponse(files)) => {
            assert_eq!(files.file_descriptor_proto, [bytes]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn services_are_listed_in_alphabetical_order() {
    let (index, _) = Reflection::new().index(&[
        service("z.Last", Vec::new()),
        &SERVER_REFLECTION_SERVICE,
        service("a.First", Vec::new()),
    ]);
    match respond(&mut Conversation::new(&index), MessageRequest::ListServices("*".into())).message_response {
        Some(MessageResponse::ListServicesResponse(list)) => {
            let names: Vec<_> = list.service.iter().map(|service| service.name.as_str()).collect();
            assert_eq!(names, ["a.First", "grpc.reflection.v1.ServerReflection", "z.Last"]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_of_no_known_kind_is_an_error_in_the_stream() {
    let index = shop_index();
    let response = V1::respond(&mut Conversation::new(&index), ServerReflectionRequest::default());
    match response.message_response {
        Some(MessageResponse::ErrorResponse(error)) => {
            assert_eq!(error.error_code, Code::Unimplemented.as_i32());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_versions_have_the_same_bytes() {
    let index = shop_index();
    let requests = [
        MessageRequest::FileByFilename("shop.proto".into()),
        MessageRequest::FileContainingSymbol("shop.Nothing".into()),
        ExtensionRequest { containing_type: "shop.Extendable".into(), extension_number: 101 }.into(),
        MessageRequest::AllExtensionNumbersOfType("shop.Extendable".into()),
        MessageRequest::ListServices(String::new()),
    ];
    for request in requests {
        let request = ServerReflectionRequest { host: "h".into(), message_request: Some(request) };
        let old = v1alpha::ServerReflectionRequest::decode_from_slice(&request.encode_to_vec()).unwrap();
        let response = V1::respond(&mut Conversation::new(&index), request);
        let old = V1Alpha::respond(&mut Conversation::new(&index), old);
        assert_eq!(response.encode_to_vec(), old.encode_to_vec());
    }
}

#[test]
fn reflection_describes_itself() {
    let index = index(&[V1::SERVICE, V1Alpha::SERVICE, &crate::health::HEALTH_SERVICE]);
    assert_eq!(
        symbol(&index, "grpc.reflection.v1.ServerReflection").unwrap(),
        ["grpc/reflection/v1/reflection.proto"]
    );
    assert_eq!(
        symbol(&index, "grpc.reflection.v1alpha.ErrorResponse").unwrap(),
        ["grpc/reflection/v1alpha/reflection.proto"]
    );
    assert_eq!(symbol(&index, "grpc.health.v1.Health.List").unwrap(), ["grpc/health/v1/health.proto"]);
}

fn warnings(services: &[&'static ServiceDescriptor], reflection: Reflection) -> Vec<String> {
    reflection.index(services).1.iter().map(Warning::to_string).collect()
}

#[test]
fn a_file_that_several_services_bring_is_held_once() {
    let base = file("base.proto", "", &[]);
    let mut till = till(&[base.clone(), shop()]);
    let mut other = shop();
    other.name = name("other.proto");
    other.package = name("other");
    let other = service("other.Till", set(&[base.clone(), other]));
    for _ in 0..2 {
        let (index, warnings) = Reflection::new()
            .add_descriptor_set(set(std::slice::from_ref(&base)))
            .unwrap()
            .index(&[till, other]);
        assert_eq!(warnings, []);
        assert_eq!(index.file_count(), 3);
        assert_eq!(file_named(&index, "other.proto").unwrap(), ["other.proto", "base.proto"]);
        // With comments, which make other bytes but no other contract.
        let mut commented = base.clone();
        commented.source_code_info = Some(SourceCodeInfo::default()).into();
        till = service("shop.Till", set(&[commented, shop()]));
    }
}

#[test]
fn of_two_different_files_with_one_name_the_first_is_served_with_a_warning() {
    let mut clash = file("base.proto", "clash", &[]);
    clash.message_type.push(message("Clash", &[]));
    let till = till(&[file("base.proto", "", &[]), shop()]);
    let other = service("other.Service", set(&[clash.clone()]));
    let (index, found) = Reflection::new().index(&[till, other]);
    assert_eq!(symbol(&index, "clash.Clash"), Err(NOT_FOUND));
    assert_eq!(found.len(), 2, "{found:?}");
    let text = found[0].to_string();
    assert!(
        text.contains("`base.proto`") && text.contains("shop.Till") && text.contains("other.Service"),
        "{text}"
    );
    assert!(found[1].to_string().contains("other.Service is listed, but"), "{}", found[1]);
    let added = Reflection::new().add_descriptor_set(set(&[clash])).unwrap();
    let text = warnings(&[till], added);
    assert!(text.len() == 1 && text[0].contains("a descriptor set that was added"), "{text:?}");
}

#[test]
fn what_clients_cannot_use_is_warned_of() {
    let found = warnings(&[till(&[shop()])], Reflection::new());
    assert!(found.len() == 1 && found[0].contains("imports `base.proto`"), "{found:?}");
    // It does not keep the file from being served.
    let (index, _) = Reflection::new().index(&[till(&[shop()])]);
    assert_eq!(symbol(&index, "shop.Till").unwrap(), ["shop.proto"]);

    let found = warnings(&[service("hand.Written", Vec::new())], Reflection::new());
    assert!(found.len() == 1 && found[0].contains("hand.Written"), "{found:?}");

    let found = warnings(&[service("bad.Set", b"\x0a\x05ab".to_vec())], Reflection::new());
    assert!(found.len() == 2 && found[0].contains("bad.Set") && found[0].contains("decoded"), "{found:?}");

    let mut twice = shop();
    twice.name = name("copy.proto");
    let found = warnings(&[till(&[file("base.proto", "", &[]), shop(), twice])], Reflection::new());
    assert!(found.len() == 1 && found[0].contains("defined twice"), "{found:?}");
}

#[test]
fn an_added_set_can_complete_what_a_service_brings() {
    let added = Reflection::new().add_descriptor_set(set(&[file("base.proto", "", &[])])).unwrap();
    let (index, found) = added.index(&[till(&[shop()])]);
    assert_eq!(found, []);
    assert_eq!(symbol(&index, "shop.Till").unwrap(), ["shop.proto", "base.proto"]);
}

#[test]
fn bytes_that_are_no_descriptor_set_are_refused_with_the_file_and_a_way_out() {
    let refused = |bytes: Vec<u8>| Reflection::new().add_descriptor_set(bytes).unwrap_err().to_string();
    assert!(refused(b"syntax = \"proto3\";".to_vec()).contains("protoc --include_imports"));
    let mut bad = file("bad.proto", "bad", &[]).encode_to_vec();
    bad.extend_from_slice(b"\x22\x05\x0a\x7fab");
    let text = refused(set_of(&[bad]));
    assert!(text.contains("`bad.proto`"), "{text}");
    assert!(refused(set_of(&[Vec::new()])).contains("no name"));
    assert!(Reflection::new().add_descriptor_set(Vec::new()).is_ok(), "an empty set is one");
}

#[test]
fn no_broken_descriptor_set_brings_it_down() {
    let whole = set(&[file("base.proto", "", &[]), shop()]);
    for length in 0..whole.len() {
        let _ = Reflection::new().add_descriptor_set(whole[..length].to_vec());
    }
    for position in 0..whole.len() {
        for bit in 0..8 {
            let mut flipped = whole.clone();
            flipped[position] ^= 1 << bit;
            if let Ok(reflection) = Reflection::new().add_descriptor_set(flipped) {
                let (index, _) = reflection.index(&[]);
                let _ = symbol(&index, "shop.Till");
            }
        }
    }
}
