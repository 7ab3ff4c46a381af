//! What generated code is written against. Not for other code: it changes with the generator.

pub use gannet_core::{
    MethodDescriptor, MethodKind, Request, Response, ServiceDescriptor, Status, Streaming,
};

#[cfg(feature = "server")]
pub use gannet_server::{Handle, Methods, Replies, Service, ServiceMethods};

#[cfg(feature = "client")]
pub use gannet_client::{BidirectionalCall, Channel, ClientStreamingCall, ServerStreamingCall, UnaryCall};

#[cfg(feature = "buffa")]
pub use gannet_buffa::{Buffa, buffa, buffa_descriptor, buffa_types};

#[cfg(feature = "json")]
pub use gannet_buffa::{serde, serde_json};

#[cfg(feature = "prost")]
pub use gannet_prost::{Prost, prost, prost_types};

/// The run time of validators.
#[cfg(feature = "validate")]
pub use gannet_validate as validate;

// Generated code that needs a feature which may be off stands within a macro: the code itself with the feature on, and
// with it off one error that says so, instead of one for each name that is not there. Such a macro takes the messages in
// words, then the code; that may be items, statements or an expression.

pub use crate::__interpreted_validators as interpreted_validators;
pub use crate::__validators as validators;

/// Around validators: `validate`.
#[cfg(feature = "validate")]
#[doc(hidden)]
#[macro_export]
macro_rules! __validators {
    ($messages:literal; $($code:tt)*) => { $($code)* };
}

/// Around validators: `validate`.
#[cfg(not(feature = "validate"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __validators {
    ($messages:literal; $($code:tt)*) => {
        $crate::__feature_is_off! {
            "there are rules for ", $messages, ", but `gannet` is built without its feature `validate`, which checks them";
            feature: "validate";
            or: "generate no validators: `.validation(false)` of gannet_build::Config, `validation=false` of protoc-gen-gannet";
        }
    };
}

/// Around validators some of which are interpreted: `runtime-cel`.
#[cfg(feature = "runtime-cel")]
#[doc(hidden)]
#[macro_export]
macro_rules! __interpreted_validators {
    ($messages:literal; $($code:tt)*) => { $($code)* };
}

/// Around validators some of which are interpreted: `runtime-cel`. The messages have validators nevertheless, which check nothing,
/// so that services, which know of them, are no errors too.
#[cfg(not(feature = "runtime-cel"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __interpreted_validators {
    ($messages:literal; $(impl $(::)? $($validate:ident)::+ for $message:ty { $($code:tt)* })*) => {
        $crate::__feature_is_off! {
            "there are rules to be interpreted for ", $messages, ", but `gannet` is built without its feature `runtime-cel`, which does that";
            feature: "runtime-cel";
            or: "have them refused, to mend them: leave out `.runtime_cel(true)` of gannet_build::Config, `runtime_cel=true` of protoc-gen-gannet";
        }
        $crate::__empty_validators! { $($message),* }
    };
}

#[cfg(feature = "validate")]
#[doc(hidden)]
#[macro_export]
macro_rules! __empty_validators {
    ($($message:ty),*) => { $(impl $crate::codegen::validate::Validate for $message {})* };
}

#[cfg(not(feature = "validate"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __empty_validators {
    ($($message:ty),*) => {};
}

/// The error where generated code needs a feature that is off, and the two ways out of it.
#[doc(hidden)]
#[macro_export]
macro_rules! __feature_is_off {
    ($($fault:literal),+; feature: $feature:literal; or: $other:literal;) => {
        ::core::compile_error! { ::core::concat!(
            $($fault),+,
            "\n  either turn it on, in Cargo.toml: gannet = { …, features = [\"", $feature, "\"] }",
            "\n  or ", $other,
        ) }
    };
}
