//! Compiles the Rust of the guide in `docs/` and of the README: each page is a doc test. Its commands are run by
//! `conformance/suites/guide`.
//!
//! It stands where a reader stands: it depends on the facade, and generates its code with `gannet-build`. That is why
//! it is not part of the facade, whose users would have to build the generator with it.

#![forbid(unsafe_code)]

gannet::include_protos!();

macro_rules! pages {
    ($($name:ident: $path:literal,)*) => {
        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("../../../", $path))]
            pub mod $name {}
        )*

        #[cfg(test)]
        const PAGES: &[&str] = &[$($path),*];
    };
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
    validation: "docs/validation.md",
    authentication: "docs/authentication.md",
    tls: "docs/tls.md",
    certificates: "docs/certificates.md",
    authorization: "docs/authorization.md",
    other_languages: "docs/other-languages.md",
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::PAGES;

    #[test]
    fn every_page_is_here() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        for page in std::fs::read_dir(repository.join("docs")).unwrap() {
            let page = format!("docs/{}", page.unwrap().file_name().to_string_lossy());
            assert!(
                PAGES.contains(&&*page),
                "{page} is not in the list of pages, so that nothing compiles its Rust"
            );
        }
    }
}
