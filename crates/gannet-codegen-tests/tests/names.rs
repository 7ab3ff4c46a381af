//! The names of generated items, and that traits with difficult names can be implemented.

use gannet::{Replies, Request, Response, Status, Streaming};
use gannet_codegen_tests::buffa_tree::helloworld::{
    GREETER_SERVICE, Greeter, GreeterServer, HelloReply, HelloRequest,
};
use gannet_codegen_tests::buffa_tree::nasty::clash;
use gannet_codegen_tests::{buffa_tree, client_only, elsewhere, everything, prost, server_only};

struct Service;

/// As in the guide: no attribute, and messages without `..Default::default()`.
impl Greeter for Service {
    async fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        Ok(HelloReply { message: format!("Hello {}!", request.name) }.into())
    }

    async fn say_hello_stream(
        &self,
        mut requests: Request<Streaming<HelloRequest>>,
        mut replies: Replies<HelloReply>,
    ) -> Result<(), Status> {
        while let Some(request) = requests.next().await? {
            replies.send(HelloReply { message: request.name }).await?;
        }
        Ok(())
    }
}

/// A service of the same name as a message's client got a name of its own.
impl clash::GreeterService2 for Service {
    async fn greet(&self, _: Request<clash::Status>) -> Result<Response<clash::Result>, Status> {
        Ok(clash::Result::default().into())
    }
}

impl clash::Methods2 for Service {
    async fn new_(&self, _: Request<clash::T>) -> Result<Response<clash::S>, Status> {
        Ok(clash::S {}.into())
    }
    async fn clone_(&self, _: Request<clash::T>) -> Result<Response<clash::S>, Status> {
        Ok(clash::S {}.into())
    }
    async fn channel(&self, _: Request<clash::T>) -> Result<Response<clash::S>, Status> {
        Ok(clash::S {}.into())
    }
    async fn r#type(&self, _: Request<clash::T>) -> Result<Response<clash::S>, Status> {
        Ok(clash::S {}.into())
    }
    async fn self_(&self, _: Request<clash::T>) -> Result<Response<clash::S>, Status> {
        Ok(clash::S {}.into())
    }
    async fn crate_(&self, _: Request<clash::T>) -> Result<Response<clash::S>, Status> {
        Ok(clash::S {}.into())
    }
    async fn r#async(&self, _: Request<Streaming<clash::T>>) -> Result<Response<clash::S>, Status> {
        Ok(clash::S {}.into())
    }
    async fn r#gen(&self, _: Request<clash::T>, _: Replies<clash::S>) -> Result<(), Status> {
        Ok(())
    }
    async fn get_url_2(&self, _: Request<clash::T>) -> Result<Response<clash::S>, Status> {
        Ok(clash::S {}.into())
    }
    async fn get_url_3(&self, _: Request<clash::T>) -> Result<Response<clash::S>, Status> {
        Ok(clash::S {}.into())
    }
    async fn get_url(&self, _: Request<clash::T>) -> Result<Response<clash::S>, Status> {
        Ok(clash::S {}.into())
    }
    async fn into(&self, _: Request<clash::Into>) -> Result<Response<clash::From>, Status> {
        Ok(clash::From {}.into())
    }
    async fn service(&self, _: Request<clash::Service>) -> Result<Response<clash::Methods>, Status> {
        Ok(clash::Methods {}.into())
    }
    async fn method(&self, _: Request<clash::T>) -> Result<Response<clash::S>, Status> {
        Ok(clash::S {}.into())
    }
}

struct Nobody;
impl server_only::helloworld::Greeter for Nobody {
    async fn say_hello(
        &self,
        _: Request<server_only::helloworld::HelloRequest>,
    ) -> Result<Response<server_only::helloworld::HelloReply>, Status> {
        Err(Status::unimplemented("nobody"))
    }
    async fn say_hello_stream(
        &self,
        _: Request<Streaming<server_only::helloworld::HelloRequest>>,
        _: Replies<server_only::helloworld::HelloReply>,
    ) -> Result<(), Status> {
        Ok(())
    }
}

#[test]
fn a_server_takes_an_implementation_or_a_shared_one() {
    let _: GreeterServer<Service> = GreeterServer::new(Service);
    let _ = GreeterServer::from_arc(std::sync::Arc::new(Service));
    let _ = clash::Methods2Server::new(Service);
    let _ = clash::GreeterService2Server::new(Service);
}

#[test]
fn a_service_describes_itself_in_the_words_of_its_proto() {
    assert_eq!(GREETER_SERVICE.name, "helloworld.Greeter");
    let paths: Vec<&str> = GREETER_SERVICE.methods.iter().map(|method| method.path).collect();
    assert_eq!(paths, ["/helloworld.Greeter/SayHello", "/helloworld.Greeter/SayHelloStream"]);
    let methods: Vec<&str> = clash::METHODS2_SERVICE.methods.iter().map(|method| method.name).collect();
    assert_eq!(methods[..5], ["New", "Clone", "Channel", "Type", "Self"]);
    assert_eq!(buffa_tree::ROOT_SERVICE.name, "Root");
    assert_eq!(buffa_tree::ROOT_SERVICE.methods[0].path, "/Root/Get");
}

#[test]
fn packages_nest_as_in_the_proto_and_messages_with_nested_types_stand_beside_them() {
    let _ = buffa_tree::a::b::c::D { self_: true, r#type: 3 };
    let _ = buffa_tree::a::b_::C::default();
    let _ = buffa_tree::a::b::E::default();
    let _ = buffa_tree::r#type::r#match::Loop::default();
    let _ = buffa_tree::Unpackaged::default();
    let _ = everything::a::b::c::__buffa::view::DView::default();
    // prost has one module for both.
    let _ = prost::a::b::C::default();
    let _ = prost::a::b::E::default();
    let _ = prost::a::b::c::D::default();
}

#[test]
fn only_what_was_asked_for_is_generated() {
    let _ = client_only::helloworld::GreeterClient::new;
    let _ = server_only::helloworld::GreeterServer::<Nobody>::new;
}

#[test]
fn mapped_types_are_those_of_elsewhere() {
    let user = elsewhere::user::User { b: buffa_tree::a::B::default().into(), ..Default::default() };
    let _: &buffa_tree::a::B = &user.b;
}
