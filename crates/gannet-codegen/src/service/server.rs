//! The server's side of a service: the trait to implement, and the type that serves it.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{Context, Kind, Method, Service, attributes};

pub(super) fn write(service: &Service, context: &Context<'_>) -> TokenStream {
    let service_trait = write_trait(service, context);
    let server = write_server(service, context);
    quote! { #service_trait #server }
}

fn write_trait(service: &Service, context: &Context<'_>) -> TokenStream {
    let name = &service.names.service;
    let docs = attributes(
        &service.docs,
        &format!("The service `{}`, for a server to implement.", service.full_name),
        service.is_deprecated,
    );
    let methods = service.methods.iter().map(|method| write_trait_method(method, service, context));
    quote! {
        #docs
        pub trait #name: ::core::marker::Send + ::core::marker::Sync + 'static {
            #(#methods)*
        }
    }
}

fn write_trait_method(method: &Method, service: &Service, context: &Context<'_>) -> TokenStream {
    let Context { root, .. } = context;
    let Method { name, request, reply, .. } = method;
    let docs = attributes(
        &method.docs,
        &format!("Answers `/{}/{}`.", service.full_name, method.proto_name),
        method.is_deprecated,
    );
    let arguments = match method.kind {
        Kind::Unary => quote!(request: #root::Request<#request>),
        Kind::ClientStreaming => quote!(requests: #root::Request<#root::Streaming<#request>>),
        Kind::ServerStreaming => quote!(request: #root::Request<#request>, replies: #root::Replies<#reply>),
        Kind::Bidirectional => {
            quote!(requests: #root::Request<#root::Streaming<#request>>, replies: #root::Replies<#reply>)
        }
    };
    let success = match method.kind {
        Kind::Unary | Kind::ClientStreaming => quote!(#root::Response<#reply>),
        Kind::ServerStreaming | Kind::Bidirectional => quote!(()),
    };
    quote! {
        #docs
        fn #name(&self, #arguments) -> impl ::core::future::Future<
            Output = ::core::result::Result<#success, #root::Status>,
        > + ::core::marker::Send;
    }
}

fn write_server(service: &Service, context: &Context<'_>) -> TokenStream {
    let Context { root, .. } = context;
    let Service { full_name, type_parameter, .. } = service;
    let names = &service.names;
    let (service_trait, server, descriptor) = (&names.service, &names.server, &names.descriptor);
    let docs = attributes(
        &[],
        &format!("Serves `{full_name}` with an implementation of [`{service_trait}`]."),
        service.is_deprecated,
    );
    let methods = service.methods.iter().enumerate().map(|(index, method)| {
        let index = Literal::usize_unsuffixed(index);
        let codec = context.codec();
        let Method { name, request, reply, .. } = method;
        let (kind, arguments) = match method.kind {
            Kind::Unary => (quote!(unary), quote!(request)),
            Kind::ClientStreaming => (quote!(client_streaming), quote!(requests)),
            Kind::ServerStreaming => (quote!(server_streaming), quote!(request, replies)),
            Kind::Bidirectional => (quote!(bidirectional), quote!(requests, replies)),
        };
        quote! {
            .#kind::<#codec, #request, #reply, _, _>(#index, |service, #arguments| async move {
                <#type_parameter as #service_trait>::#name(&service, #arguments).await
            })
        }
    });
    quote! {
        #docs
        pub struct #server<#type_parameter> {
            service: ::std::sync::Arc<#type_parameter>,
        }

        impl<#type_parameter: #service_trait> #server<#type_parameter> {
            /// Serves this implementation.
            pub fn new(service: #type_parameter) -> Self {
                Self::from_arc(::std::sync::Arc::new(service))
            }

            /// Serves an implementation that is also held elsewhere.
            pub fn from_arc(service: ::std::sync::Arc<#type_parameter>) -> Self {
                Self { service }
            }
        }

        impl<#type_parameter: #service_trait> #root::Service for #server<#type_parameter> {
            fn into_methods(self) -> #root::ServiceMethods {
                #root::Methods::new(&#descriptor, self.service)
                    #(#methods)*
                    .finish()
            }
        }
    }
}
