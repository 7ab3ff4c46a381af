//! The reflection service: that a client without protos can learn all of a server.

use std::collections::BTreeMap;
use std::time::Duration;

use gannet::codegen::buffa::Message as _;
use gannet::codegen::buffa_descriptor::generated::descriptor::FileDescriptorProto;
use gannet::reflection::Reflection;
use gannet::{Code, Replies, Request, Response, Server, Status};
use gannet_e2e_tests::catalogue::{Catalogue, CatalogueServer, Product, Query};
use gannet_e2e_tests::grpc::reflection::v1::server_reflection_request::MessageRequest;
use gannet_e2e_tests::grpc::reflection::v1::server_reflection_response::MessageResponse;
use gannet_e2e_tests::grpc::reflection::v1::{
    ExtensionRequest, ServerReflectionClient, ServerReflectionRequest, ServerReflectionResponse,
};
use gannet_e2e_tests::grpc::reflection::v1alpha;
use gannet_e2e_tests::probe::ProbeServer;

use crate::support::{Running, Script, paused, tasks_are};

/// Its methods are of no interest here.
struct Empty;

impl Catalogue for Empty {
    async fn find(&self, _: Request<Query>) -> Result<Response<Product>, Status> {
        Ok(Product::default().into())
    }

    async fn browse(&self, _: Request<Query>, _: Replies<Product>) -> Result<(), Status> {
        Ok(())
    }
}

fn client(running: &Running) -> ServerReflectionClient {
    ServerReflectionClient::new(running.channel().lazy().unwrap())
}

fn asking(request: MessageRequest) -> ServerReflectionRequest {
    ServerReflectionRequest { host: "localhost".to_owned(), message_request: Some(request) }
}

fn symbol(name: &str) -> MessageRequest {
    MessageRequest::FileContainingSymbol(name.to_owned())
}

/// Asks one thing on a stream of its own.
async fn answer(client: &ServerReflectionClient, request: MessageRequest) -> MessageResponse {
    let (mut requests, mut responses) = client.server_reflection_info().open();
    requests.send(asking(request.clone())).await.unwrap();
    requests.finish();
    let response = responses.next().await.unwrap().unwrap();
    assert_eq!(response.original_request.as_option().unwrap().message_request, Some(request));
    assert_eq!(responses.next().await.unwrap(), None);
    response.message_response.unwrap()
}

fn files(response: MessageResponse) -> BTreeMap<String, FileDescriptorProto> {
    let MessageResponse::FileDescriptorResponse(files) = response else { panic!("{response:?}") };
    let decode = |bytes| {
        let file = FileDescriptorProto::decode_from_slice(bytes).unwrap();
        (file.name.clone().unwrap(), file)
    };
    files.file_descriptor_proto.iter().map(|bytes| decode(bytes)).collect()
}

fn services(response: MessageResponse) -> Vec<String> {
    let MessageResponse::ListServicesResponse(list) = response else { panic!("{response:?}") };
    list.service.into_iter().map(|service| service.name).collect()
}

#[test]
fn every_service_is_listed_whatever_the_order_of_calls() {
    paused(async {
        let server = Server::new()
            .add(ProbeServer::new(Script::new()))
            .reflection()
            .add(CatalogueServer::new(Empty))
            .health();
        let running = Running::start(server);
        let listed = services(answer(&client(&running), MessageRequest::ListServices("*".into())).await);
        assert_eq!(
            listed,
            [
                "catalogue.Catalogue",
                "grpc.health.v1.Health",
                "grpc.reflection.v1.ServerReflection",
                "grpc.reflection.v1alpha.ServerReflection",
                "probe.Probe",
            ]
        );
        drop(running);
    });
}

#[test]
fn a_service_comes_with_all_that_is_needed_to_read_it() {
    paused(async {
        let running = Running::start(Server::new().reflection().add(CatalogueServer::new(Empty)));
        let client = client(&running);
        let found = files(answer(&client, symbol("catalogue.Catalogue")).await);
        let names: Vec<_> = found.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "catalogue/catalogue.proto",
                "catalogue/options.proto",
                "catalogue/parts.proto",
                "google/protobuf/descriptor.proto",
                "google/protobuf/timestamp.proto",
            ]
        );
        for import in found.values().flat_map(|file| &file.dependency) {
            assert!(found.contains_key(import), "{import}");
        }
        for name in [
            "catalogue.Catalogue.Browse",
            "catalogue.Product.Price.Currency",
            "catalogue.Product.Price.EUR",
            "catalogue.Product.origin",
            "catalogue.Size",
        ] {
            assert!(files(answer(&client, symbol(name)).await).contains_key("catalogue/catalogue.proto"));
        }
        drop(running);
    });
}

#[test]
fn custom_options_are_served_as_they_were_written() {
    paused(async {
        let running = Running::start(Server::new().add(CatalogueServer::new(Empty)).reflection());
        let request = MessageRequest::FileByFilename("catalogue/catalogue.proto".to_owned());
        let response = answer(&client(&running), request).await;
        let MessageResponse::FileDescriptorResponse(files) = response else { panic!("{response:?}") };
        let file = &files.file_descriptor_proto[0];
        // FieldOptions { 65120: FieldRules { pattern, lengths } }, MethodOptions { 65121 }, ServiceOptions { 65122 }
        let holds = |bytes: &[u8]| file.windows(bytes.len()).any(|window| window == bytes);
        assert!(holds(b"\x82\xe6\x1f\x0e\x0a\x08^[a-z]+$\x10\x01\x10\x1e"));
        assert!(holds(b"\x8a\xe6\x1f\x05staff"));
        assert!(holds(b"\x90\xe6\x1f\x01"));
        drop(running);
    });
}

#[test]
fn extensions_are_found_by_type_and_number() {
    paused(async {
        let running = Running::start(Server::new().add(CatalogueServer::new(Empty)).reflection());
        let client = client(&running);
        let numbers = |of: &str| MessageRequest::AllExtensionNumbersOfType(of.to_owned());
        match answer(&client, numbers("catalogue.Part")).await {
            MessageResponse::AllExtensionNumbersResponse(found) => {
                assert_eq!(found.extension_number, [101, 102]);
            }
            other => panic!("{other:?}"),
        }
        match answer(&client, numbers("google.protobuf.FieldOptions")).await {
            MessageResponse::AllExtensionNumbersResponse(found) => {
                // That of the catalogue, and those of the contracts with rules that are generated with it.
                assert_eq!(found.extension_number, [1159, 1160, 65020, 65120]);
            }
            other => panic!("{other:?}"),
        }
        let extension = ExtensionRequest { containing_type: "catalogue.Part".into(), extension_number: 102 };
        assert!(files(answer(&client, extension.into()).await).contains_key("catalogue/parts.proto"));
        drop(running);
    });
}

#[test]
fn what_is_not_there_is_an_error_in_a_stream_that_goes_on() {
    paused(async {
        let running = Running::start(Server::new().reflection());
        let (mut requests, mut responses) = client(&running).server_reflection_info().open();
        let extension = ExtensionRequest { containing_type: "no.Type".into(), extension_number: 1 };
        for request in [
            symbol("no.Symbol"),
            MessageRequest::FileByFilename("no.proto".into()),
            MessageRequest::AllExtensionNumbersOfType("no.Type".into()),
            extension.into(),
        ] {
            requests.send(asking(request)).await.unwrap();
            match responses.next().await.unwrap().unwrap().message_response {
                Some(MessageResponse::ErrorResponse(error)) => {
                    assert_eq!(error.error_code, Code::NotFound.as_i32());
                }
                other => panic!("{other:?}"),
            }
        }
        requests.send(asking(MessageRequest::ListServices(String::new()))).await.unwrap();
        requests.finish();
        let listed = responses.next().await.unwrap().unwrap().message_response.unwrap();
        assert_eq!(services(listed).len(), 2);
        assert_eq!(responses.next().await.unwrap(), None);
        drop(running);
    });
}

#[test]
fn the_old_version_answers_the_same() {
    paused(async {
        let running = Running::start(Server::new().add(CatalogueServer::new(Empty)).reflection());
        let old = v1alpha::ServerReflectionClient::new(running.channel().lazy().unwrap());
        for request in [symbol("catalogue.Product"), symbol("none"), MessageRequest::ListServices("*".into())]
        {
            let encoded = asking(request.clone()).encode_to_vec();
            let (mut requests, mut responses) = old.server_reflection_info().open();
            requests
                .send(v1alpha::ServerReflectionRequest::decode_from_slice(&encoded).unwrap())
                .await
                .unwrap();
            requests.finish();
            let response = responses.next().await.unwrap().unwrap().encode_to_vec();
            let response = ServerReflectionResponse::decode_from_slice(&response).unwrap();
            assert_eq!(response.message_response.unwrap(), answer(&client(&running), request).await);
        }
        drop(running);
    });
}

#[test]
fn descriptor_sets_of_the_application_are_served_too() {
    paused(async {
        // Of an edition, which the parser that is built in does not know.
        let set = include_bytes!("../../../gannet-build/tests/editions/edition.binpb");
        let reflection = Reflection::new().add_descriptor_set(set).unwrap();
        let running = Running::start(Server::new().reflection_with(reflection));
        let client = client(&running);
        let found = files(answer(&client, symbol("edition.Editor.Edit")).await);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["edition.proto", "google/protobuf/timestamp.proto"]);
        // Described, but not a service of this server.
        let listed = services(answer(&client, MessageRequest::ListServices("*".into())).await);
        assert!(!listed.contains(&"edition.Editor".to_owned()), "{listed:?}");
        drop(running);
    });
}

#[test]
fn a_client_that_asks_without_reading_is_made_to_wait() {
    paused(async {
        let running = Running::start(Server::new().add(CatalogueServer::new(Empty)).reflection());
        let (mut requests, mut responses) = client(&running).server_reflection_info().open();
        let name = "google/protobuf/descriptor.proto";
        let request = || asking(MessageRequest::FileByFilename(name.to_owned()));
        let mut sent = 0;
        // On a paused clock the time-out passes as soon as nobody can go on.
        while tokio::time::timeout(Duration::from_secs(1), requests.send(request())).await.is_ok() {
            sent += 1;
            assert!(sent < 1_000_000, "answers pile up");
        }
        // All that was asked is answered once the client reads.
        requests.finish();
        let mut answered = 0;
        while let Some(response) = responses.next().await.unwrap() {
            assert_eq!(files(response.message_response.unwrap()).len(), 1);
            answered += 1;
        }
        assert_eq!(answered, sent);
        drop((running, responses));
        tasks_are(0).await;
    });
}

#[test]
#[should_panic(expected = "the service grpc.reflection.v1.ServerReflection was added twice")]
fn reflection_is_added_once() {
    drop(Server::new().reflection().reflection());
}
