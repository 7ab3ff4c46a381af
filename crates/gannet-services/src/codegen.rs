//! What the generated messages are written against. Elsewhere that is `gannet::codegen`, which would be a circle here.

pub(crate) use gannet_buffa::buffa;
pub(crate) use gannet_core::{MethodDescriptor, MethodKind, ServiceDescriptor};
