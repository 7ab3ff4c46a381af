//! The versions of the protocol. They differ in the names of their messages and in nothing else.

use gannet_core::{ServiceDescriptor, Status};

use super::Conversation;
use super::conversation::Answer;
use crate::generated::grpc::reflection::{v1, v1alpha};

/// A version of the reflection service.
pub trait Version: Send + Sync + 'static {
    /// What a client sends.
    type Request: Send + 'static;
    /// What it gets.
    type Response: Send + 'static;

    /// The service.
    const SERVICE: &'static ServiceDescriptor;

    /// Answers one request. What cannot be found is a NOT_FOUND inside the response; the stream goes on.
    fn respond(conversation: &mut Conversation<'_>, request: Self::Request) -> Self::Response;
}

macro_rules! versions {
    ($($(#[$doc:meta])* $version:ident in $module:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $version {}

        impl Version for $version {
            type Request = $module::ServerReflectionRequest;
            type Response = $module::ServerReflectionResponse;

            const SERVICE: &'static ServiceDescriptor = &$module::SERVER_REFLECTION_SERVICE;

            fn respond(conversation: &mut Conversation<'_>, request: Self::Request) -> Self::Response {
                use $module::server_reflection_request::MessageRequest;
                use $module::server_reflection_response::MessageResponse;
                let answer = match &request.message_request {
                    Some(MessageRequest::FileByFilename(name)) => conversation.file_by_name(name),
                    Some(MessageRequest::FileContainingSymbol(name)) => conversation.file_with_symbol(name),
                    Some(MessageRequest::FileContainingExtension(extension)) => {
                        conversation.file_with_extension(&extension.containing_type, extension.extension_number)
                    }
                    Some(MessageRequest::AllExtensionNumbersOfType(name)) => conversation.extension_numbers(name),
                    Some(MessageRequest::ListServices(_)) => Ok(conversation.services()),
                    None => Err(asks_for_nothing()),
                };
                let response: MessageResponse = match answer {
                    Ok(Answer::Files(files)) => $module::FileDescriptorResponse { file_descriptor_proto: files }.into(),
                    Ok(Answer::ExtensionNumbers { message, numbers }) => {
                        $module::ExtensionNumberResponse { base_type_name: message, extension_number: numbers }.into()
                    }
                    Ok(Answer::Services(names)) => {
                        let service = names.iter().map(|name| $module::ServiceResponse { name: (*name).to_owned() });
                        $module::ListServiceResponse { service: service.collect() }.into()
                    }
                    Err(status) => $module::ErrorResponse {
                        error_code: status.code().as_i32(),
                        error_message: status.message().to_owned(),
                    }
                    .into(),
                };
                $module::ServerReflectionResponse {
                    valid_host: request.host.clone(),
                    message_response: Some(response),
                    original_request: Some(request).into(),
                }
            }
        }
    )*};
}

versions! {
    /// `grpc.reflection.v1`.
    V1 in v1;
    /// `grpc.reflection.v1alpha`, which older clients ask for.
    V1Alpha in v1alpha;
}

/// A request without any of the kinds known here: one of a later version of the protocol, or none.
fn asks_for_nothing() -> Status {
    Status::unimplemented("the request has none of the kinds that this server knows")
}
