//! Compiles the Rust of the guide in `docs/` and of the README: each page is a doc test.
//!
//! It stands where a reader stands: it depends on the facade, and generates its code with `gannet-build`. That is why
//! it is not part of the facade, whose users would have to build the generator with it.

#![forbid(unsafe_code)]

gannet::include_protos!();

macro_rules! pages {
    ($($name:ident: $path:literal,)*) => {$(
        #[cfg(doctest)]
        #[doc = include_str!(concat!("../../../", $path))]
        pub mod $name {}
    )*};
}

pages! {
    readme: "README.md",
    guide: "docs/README.md",
    code_generation: "docs/code-generation.md",
    server_and_client: "docs/server-and-client.md",
    streams: "docs/streams.md",
    deadlines: "docs/deadlines.md",
    errors: "docs/errors.md",
    shutdown: "docs/shutdown.md",
    reflection: "docs/reflection.md",
    health: "docs/health.md",
    limits: "docs/limits.md",
    interceptors: "docs/interceptors.md",
    authentication: "docs/authentication.md",
    tls: "docs/tls.md",
    authorization: "docs/authorization.md",
    other_languages: "docs/other-languages.md",
}
