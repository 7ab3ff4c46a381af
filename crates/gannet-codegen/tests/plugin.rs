//! The plugin's side of the protocol with protoc, by requests as protoc would send them.

use buffa::Message as _;
use buffa_descriptor::generated::compiler::{CodeGeneratorRequest, CodeGeneratorResponse};
use buffa_descriptor::generated::descriptor::field_descriptor_proto::Type;
use buffa_descriptor::generated::descriptor::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, MethodDescriptorProto, ServiceDescriptorProto,
};

fn message(name: &str) -> DescriptorProto {
    DescriptorProto { name: Some(name.into()), ..Default::default() }
}

fn file(name: &str, package: &str) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some(name.into()),
        package: Some(package.into()),
        syntax: Some("proto3".into()),
        ..Default::default()
    }
}

/// `common.proto` with a type, and `echo.proto` with a service that uses it.
fn request(files: &[&str], parameter: &str) -> CodeGeneratorRequest {
    let mut common = file("common.proto", "common");
    common.message_type.push(message("Shared"));
    let mut echo = file("echo.proto", "echo");
    echo.dependency.push("common.proto".into());
    echo.message_type.push(DescriptorProto {
        field: vec![FieldDescriptorProto {
            name: Some("shared".into()),
            number: Some(1),
            r#type: Some(Type::TYPE_MESSAGE),
            type_name: Some(".common.Shared".into()),
            ..Default::default()
        }],
        ..message("Ping")
    });
    echo.service.push(ServiceDescriptorProto {
        name: Some("Echo".into()),
        method: vec![MethodDescriptorProto {
            name: Some("Send".into()),
            input_type: Some(".echo.Ping".into()),
            output_type: Some(".common.Shared".into()),
            ..Default::default()
        }],
        ..Default::default()
    });
    CodeGeneratorRequest {
        file_to_generate: files.iter().map(|name| (*name).to_owned()).collect(),
        parameter: Some(parameter.into()),
        proto_file: vec![common, echo],
        ..Default::default()
    }
}

fn run(request: &CodeGeneratorRequest) -> CodeGeneratorResponse {
    let response = gannet_codegen::plugin::run(&request.encode_to_vec());
    CodeGeneratorResponse::decode_from_slice(&response).expect("a response")
}

fn names(response: &CodeGeneratorResponse) -> Vec<&str> {
    response.file.iter().filter_map(|file| file.name.as_deref()).collect()
}

#[test]
fn what_is_asked_for_is_generated() {
    let response = run(&request(&["common.proto", "echo.proto"], ""));
    assert_eq!(response.error, None);
    assert_eq!(names(&response), ["common.rs", "echo.rs", "mod.descriptor_set.rs", "mod.rs"]);
    let echo = response.file[1].content.as_deref().unwrap();
    assert!(echo.contains("Request<Ping>") && echo.contains("Response<super::common::Shared>"), "{echo}");
}

#[test]
fn the_features_are_announced_even_with_an_error() {
    for parameter in ["", "nonsense"] {
        let response = run(&request(&["common.proto"], parameter));
        // FEATURE_PROTO3_OPTIONAL and FEATURE_SUPPORTS_EDITIONS, proto2 to edition 2023.
        assert_eq!(response.supported_features, Some(3));
        assert_eq!((response.minimum_edition, response.maximum_edition), (Some(998), Some(1000)));
        assert_eq!(response.error.is_some(), !parameter.is_empty());
    }
}

#[test]
fn a_type_of_a_file_that_is_not_generated_is_an_error_with_the_way_out() {
    let response = run(&request(&["echo.proto"], ""));
    assert_eq!(
        response.error.as_deref(),
        Some(
            "echo.proto: `Ping.shared` uses `.common.Shared` of common.proto, which is not among the files to \
             generate\n  help: name common.proto too, or map the type: extern_path=.common.Shared=::path::to::it"
        )
    );
    assert!(response.file.is_empty());
    let mapped = run(&request(&["echo.proto"], "extern_path=.common=::elsewhere"));
    assert_eq!(names(&mapped), ["echo.rs", "mod.descriptor_set.rs", "mod.rs"]);
    assert!(mapped.file[0].content.as_deref().unwrap().contains("Response<::elsewhere::Shared>"));
}

#[test]
fn bytes_that_are_no_request_are_answered_with_an_error() {
    let response =
        CodeGeneratorResponse::decode_from_slice(&gannet_codegen::plugin::run(b"\x0a\xff")).unwrap();
    assert!(response.error.is_some_and(|error| error.contains("not well-formed")));
}
