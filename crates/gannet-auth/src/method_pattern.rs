//! Which methods a setting is for, such as `/grpc.health.v1.Health/*`.

use gannet_core::MethodDescriptor;

/// One method, or all of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MethodPattern {
    Method(Box<str>),
    Service(Box<str>),
}

impl MethodPattern {
    /// Reads `/package.Service/Method` or `/package.Service/*`.
    ///
    /// # Panics
    ///
    /// If it is of neither form: a setting that matches nothing would go unnoticed.
    pub(crate) fn new(pattern: &str) -> Self {
        let parts = pattern.strip_prefix('/').and_then(|rest| rest.split_once('/'));
        let is_name = |name: &str| !name.is_empty() && !name.contains(['/', '*', ' ']);
        match parts {
            Some((service, "*")) if is_name(service) => Self::Service(service.into()),
            Some((service, method)) if is_name(service) && is_name(method) => Self::Method(pattern.into()),
            _ => {
                panic!("{pattern:?} names no method: write `/package.Service/Method` or `/package.Service/*`")
            }
        }
    }

    pub(crate) fn matches(&self, method: &MethodDescriptor) -> bool {
        match self {
            Self::Method(path) => **path == *method.path,
            Self::Service(service) => **service == *method.service,
        }
    }
}

#[cfg(test)]
mod tests {
    use gannet_core::MethodKind;

    use super::*;

    static CHECK: MethodDescriptor = MethodDescriptor::new(
        "/grpc.health.v1.Health/Check",
        "grpc.health.v1.Health",
        "Check",
        MethodKind::Unary,
    );

    #[test]
    fn a_method_is_matched_by_its_path_and_by_its_service() {
        for (pattern, matches) in [
            ("/grpc.health.v1.Health/Check", true),
            ("/grpc.health.v1.Health/*", true),
            ("/grpc.health.v1.Health/Watch", false),
            ("/grpc.health.v1/*", false),
            ("/grpc.health.v1.Healthy/*", false),
        ] {
            assert_eq!(MethodPattern::new(pattern).matches(&CHECK), matches, "{pattern}");
        }
    }

    #[test]
    fn what_names_no_method_is_refused() {
        for pattern in
            ["", "/", "*", "/*", "/*/*", "a.B/c", "/a.B", "/a.B/", "//c", "/a.B/c/d", "/a.*/c", "/a.B/c*"]
        {
            assert!(std::panic::catch_unwind(|| MethodPattern::new(pattern)).is_err(), "{pattern:?}");
        }
    }
}
