//! From a request's `:path` to a method.
//!
//! A path is looked up once per HPACK table entry: the result is remembered beside the entry as the method's index.
//! Not here: header fields (`connection::head`).

use std::collections::HashMap;

use gannet_core::{Interceptors, ServiceDescriptor, Status};

use crate::service::{ServiceMethod, ServiceMethods, Validating};

/// All methods of a server.
#[derive(Default)]
pub(crate) struct Router {
    methods: Vec<ServiceMethod>,
    by_path: HashMap<&'static str, u32>,
    /// In the order in which they were added.
    services: Vec<&'static ServiceDescriptor>,
}

impl Router {
    /// Adds a service.
    ///
    /// # Panics
    ///
    /// If the service was added before: which of the two should answer?
    pub(crate) fn add(&mut self, service: ServiceMethods) {
        let name = service.descriptor.name;
        assert!(!self.has_service(name), "the service {name} was added twice");
        self.services.push(service.descriptor);
        for mut method in service.methods {
            method.interceptors = service.interceptors.around(&method.interceptors);
            self.by_path.insert(method.descriptor.path, self.methods.len() as u32);
            self.methods.push(method);
        }
    }

    /// Puts the server's interceptors around those of the methods.
    pub(crate) fn intercept(&mut self, interceptors: &Interceptors) {
        for method in &mut self.methods {
            method.interceptors = interceptors.around(&method.interceptors);
        }
    }

    /// Has the methods validate their messages as the server has it, where neither they nor their service say otherwise.
    pub(crate) fn validate(&mut self, validating: &Validating) {
        for method in &mut self.methods {
            method.validation.inherit(validating);
        }
    }

    /// Whether any method has interceptors, which may ask what costs something to know.
    pub(crate) fn has_interceptors(&self) -> bool {
        self.methods.iter().any(|method| !method.interceptors.is_empty())
    }

    /// The services, in the order in which they were added.
    #[cfg(any(feature = "health", feature = "reflection"))]
    pub(crate) fn services(&self) -> &[&'static ServiceDescriptor] {
        &self.services
    }

    fn has_service(&self, name: &str) -> bool {
        self.services.iter().any(|service| service.name == name)
    }

    /// The index of the method at `path`.
    pub(crate) fn find(&self, path: &[u8]) -> Option<u32> {
        self.by_path.get(std::str::from_utf8(path).ok()?).copied()
    }

    /// The method at an index that [`Router::find`] gave.
    pub(crate) fn method(&self, index: u32) -> Option<&ServiceMethod> {
        self.methods.get(index as usize)
    }

    /// Why there is no method at `path`.
    pub(crate) fn explain(&self, path: &[u8]) -> Status {
        let text = String::from_utf8_lossy(path);
        let Some((service, method)) = text
            .strip_prefix('/')
            .and_then(|rest| rest.rsplit_once('/'))
            .filter(|(service, method)| !service.is_empty() && !method.is_empty())
        else {
            return Status::unimplemented(format!(
                "malformed method path `{text}`: expected /package.Service/Method"
            ));
        };
        if self.has_service(service) {
            Status::unimplemented(format!("unknown method {method} for service {service}"))
        } else {
            Status::unimplemented(format!("unknown service {service}"))
        }
    }
}

impl std::fmt::Debug for Router {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.services.iter().map(|service| service.name).collect();
        formatter.debug_struct("Router").field("services", &names).finish_non_exhaustive()
    }
}
