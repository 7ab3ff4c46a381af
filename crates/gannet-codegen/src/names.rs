//! Turns protobuf names into Rust names that clash neither with keywords nor with each other.

use std::collections::BTreeSet;

use buffa_codegen::idents;
use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use proc_macro2::Ident;
use quote::format_ident;

/// Names that a client has of its own: `new` makes it, `clone` copies it.
const CLIENT_METHODS: [&str; 2] = ["new", "clone"];

/// The names of everything that is generated for one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceNames {
    /// The trait: `Greeter`.
    pub(crate) service: Ident,
    /// The type that serves it: `GreeterServer`.
    pub(crate) server: Ident,
    /// The client: `GreeterClient`.
    pub(crate) client: Ident,
    /// The static that describes it: `GREETER_SERVICE`.
    pub(crate) descriptor: Ident,
}

impl ServiceNames {
    fn new(base: &str) -> Self {
        let base = base.strip_prefix("r#").unwrap_or(base);
        let descriptor = base.to_shouty_snake_case();
        Self {
            service: idents::make_field_ident(base),
            server: format_ident!("{base}Server"),
            client: format_ident!("{base}Client"),
            descriptor: format_ident!("{descriptor}_SERVICE"),
        }
    }

    fn all(&self) -> [String; 4] {
        [&self.service, &self.server, &self.client, &self.descriptor].map(ToString::to_string)
    }
}

/// Chooses the names of a package's services so that none equals a name in `taken`.
///
/// A service whose names are taken gets `Service` appended to its own: beside a message
/// `GreeterClient`, the service `Greeter` becomes `GreeterService` with `GreeterServiceClient`.
/// `taken` holds the chosen names afterwards.
pub(crate) fn service_names<'a>(
    services: impl IntoIterator<Item = &'a str>,
    taken: &mut BTreeSet<String>,
) -> Vec<ServiceNames> {
    let services: Vec<String> = services.into_iter().map(type_name).collect();
    let own: BTreeSet<String> = services.iter().cloned().collect();
    let mut chosen = Vec::with_capacity(services.len());
    for name in &services {
        let candidates = [name.clone(), format!("{name}Service")].into_iter();
        let numbered = (2u32..).map(|number| format!("{name}Service{number}"));
        for candidate in candidates.chain(numbered) {
            let names = ServiceNames::new(&candidate);
            // A derived name must also not be the plain name of a service still to come.
            let is_free =
                names.all().iter().all(|one| !taken.contains(one) && (one == name || !own.contains(one)));
            if is_free {
                taken.extend(names.all());
                chosen.push(names);
                break;
            }
        }
    }
    chosen
}

/// The Rust name of a service: its own, made CamelCase where it is not.
fn type_name(proto: &str) -> String {
    let is_camel = proto.starts_with(|first: char| first.is_ascii_uppercase()) && !proto.contains('_');
    if is_camel { proto.to_owned() } else { proto.to_upper_camel_case() }
}

/// The Rust names of a service's methods, in their order.
///
/// A method whose protobuf name is already the snake case name keeps it; of others that
/// collapse to one name the first keeps it and the rest are numbered from 2.
pub(crate) fn method_names(methods: &[&str]) -> Vec<Ident> {
    let wanted: Vec<String> = methods.iter().map(|name| method_name(name)).collect();
    let mut taken: BTreeSet<String> = wanted.iter().cloned().collect();
    let mut given = BTreeSet::new();
    let verbatim: Vec<bool> = methods
        .iter()
        .zip(&wanted)
        .map(|(proto, wanted)| proto == wanted && given.insert(wanted.clone()))
        .collect();
    let mut names = Vec::with_capacity(methods.len());
    for (wanted, keeps) in wanted.iter().zip(verbatim) {
        if keeps || given.insert(wanted.clone()) {
            names.push(idents::make_field_ident(wanted));
            continue;
        }
        // Of so many numbers, one must be free.
        let numbered = (2..methods.len() + 3).map(|number| format!("{wanted}_{number}"));
        let free = numbered.filter(|name| taken.insert(name.clone())).take(1);
        names.extend(free.map(|name| idents::make_field_ident(&name)));
    }
    names
}

fn method_name(proto: &str) -> String {
    let snake = proto.to_snake_case();
    match snake.as_str() {
        // Protobuf allows a name of underscores alone.
        "" => "method".to_owned(),
        taken if CLIENT_METHODS.contains(&taken) => format!("{taken}_"),
        // `_1` has lost what made it a name.
        digit if digit.starts_with(|c: char| c.is_ascii_digit()) => format!("_{digit}"),
        _ => snake,
    }
}

/// A name as that of a static: `my-protos` is `MY_PROTOS`.
pub(crate) fn shouty(name: &str) -> String {
    name.to_shouty_snake_case()
}

/// A name for the type parameter of a server that no message of the package has.
pub(crate) fn type_parameter(taken: &BTreeSet<String>) -> Ident {
    let free = ["T", "S", "Implementation"].into_iter().find(|name| !taken.contains(*name));
    format_ident!("{}", free.unwrap_or("ServiceImplementation__"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services(names: &[&str], taken: &[&str]) -> Vec<String> {
        let mut taken = taken.iter().map(|name| (*name).to_owned()).collect();
        service_names(names.iter().copied(), &mut taken).iter().map(|names| names.all().join(" ")).collect()
    }

    fn methods(names: &[&str]) -> Vec<String> {
        method_names(names).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_service_keeps_its_name() {
        assert_eq!(services(&["Greeter"], &[]), ["Greeter GreeterServer GreeterClient GREETER_SERVICE"]);
        assert_eq!(services(&["UserAPI"], &[]), ["UserAPI UserAPIServer UserAPIClient USER_API_SERVICE"]);
        assert_eq!(
            services(&["EchoService"], &[]),
            ["EchoService EchoServiceServer EchoServiceClient ECHO_SERVICE_SERVICE"]
        );
        assert_eq!(
            services(&["route_guide"], &[]),
            ["RouteGuide RouteGuideServer RouteGuideClient ROUTE_GUIDE_SERVICE"]
        );
    }

    #[test]
    fn a_service_beside_a_message_of_its_client_s_name_is_renamed_as_a_whole() {
        assert_eq!(
            services(&["Greeter"], &["GreeterClient"]),
            ["GreeterService GreeterServiceServer GreeterServiceClient GREETER_SERVICE_SERVICE"]
        );
    }

    #[test]
    fn services_do_not_take_each_other_s_names() {
        let chosen = services(&["Foo", "FooClient", "FooService"], &[]);
        let mut all: Vec<&str> = chosen.iter().flat_map(|names| names.split(' ')).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count, "{chosen:?}");
        assert!(chosen[1].starts_with("FooClient ") && chosen[2].starts_with("FooService "), "{chosen:?}");
    }

    #[test]
    fn methods_are_snake_case_and_keywords_are_escaped() {
        assert_eq!(
            methods(&["SayHello", "Type", "Self", "New", "Clone", "GetHTTPUrl", "Gen", "_", "_1"]),
            ["say_hello", "r#type", "self_", "new_", "clone_", "get_http_url", "r#gen", "method", "_1"]
        );
    }

    #[test]
    fn methods_that_collapse_to_one_name_are_numbered() {
        assert_eq!(methods(&["GetUrl", "GetURL", "GetUrl2"]), ["get_url", "get_url_2", "get_url2"]);
        assert_eq!(methods(&["GetURL", "GetUrl", "GetUrl_2"]), ["get_url", "get_url_3", "get_url_2"]);
        assert_eq!(methods(&["GetURL", "get_url"]), ["get_url_2", "get_url"]);
    }

    #[test]
    fn the_type_parameter_is_no_message() {
        assert_eq!(type_parameter(&BTreeSet::new()), "T");
        assert_eq!(type_parameter(&["T".to_owned(), "S".to_owned()].into()), "Implementation");
    }
}
