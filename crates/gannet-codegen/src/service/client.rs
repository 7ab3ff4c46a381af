//! The client's side of a service: one method per RPC, each of which only starts the call.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{Context, Kind, Method, Service, attributes};

pub(super) fn write(service: &Service, context: &Context<'_>) -> TokenStream {
    let Context { root, .. } = context;
    let name = &service.names.client;
    let docs = attributes(
        &[],
        &format!("Calls `{}`. Cheap to clone; clones share the channel.", service.full_name),
        service.is_deprecated,
    );
    let methods = service
        .methods
        .iter()
        .enumerate()
        .map(|(index, method)| write_method(index, method, service, context));
    quote! {
        #docs
        #[derive(Clone, Debug)]
        pub struct #name {
            channel: #root::Channel,
        }

        impl #name {
            /// Calls over this channel.
            pub fn new(channel: #root::Channel) -> Self {
                Self { channel }
            }

            #(#methods)*
        }
    }
}

fn write_method(index: usize, method: &Method, service: &Service, context: &Context<'_>) -> TokenStream {
    let Context { root, .. } = context;
    let Method { name, request, reply, .. } = method;
    let descriptor = &service.names.descriptor;
    let docs = attributes(
        &method.docs,
        &format!("Calls `/{}/{}`.", service.full_name, method.proto_name),
        method.is_deprecated,
    );
    let call = match method.kind {
        Kind::Unary => quote!(UnaryCall),
        Kind::ClientStreaming => quote!(ClientStreamingCall),
        Kind::ServerStreaming => quote!(ServerStreamingCall),
        Kind::Bidirectional => quote!(BidirectionalCall),
    };
    let index = Literal::usize_unsuffixed(index);
    let codec = context.codec();
    // A stream of requests is sent through the call, once it is open.
    let (parameter, argument) = match method.kind {
        Kind::Unary | Kind::ServerStreaming => (
            quote!(request: impl ::core::convert::Into<#root::Request<#request>>),
            quote!(::core::convert::Into::into(request)),
        ),
        Kind::ClientStreaming | Kind::Bidirectional => (quote!(), quote!()),
    };
    quote! {
        #docs
        pub fn #name(&self, #parameter) -> #root::#call<#request, #reply, #codec> {
            #root::#call::new(&self.channel, &#descriptor.methods[#index], #argument)
        }
    }
}
