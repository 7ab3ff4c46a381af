//! What a user may choose about the generated code, and how the plugin's parameter spells it.

use syn::parse::Parser as _;

use crate::error::{Error, ErrorKind};

/// Which library the generated messages belong to.
///
/// Services look the same with either; a crate may use both, in separate module trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Codec {
    /// Messages by buffa, the default: `bytes` fields are slices of what was received, views
    /// and JSON on request.
    #[default]
    Buffa,
    /// Messages by prost, for code that already has them. Needs the feature `prost`.
    Prost,
}

/// What to generate, and under which paths.
///
/// ```
/// let mut options = gannet_codegen::Options::default();
/// options.build_server = false;
/// options.extern_paths.push((".common".into(), "::common_protos::common".into()));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own; all combinations are meant")]
pub struct Options {
    /// Which library the messages belong to; buffa by default.
    pub codec: Codec,
    /// Whether borrowed views (`HelloRequestView<'_>`) are generated too; off by default, buffa only.
    pub views: bool,
    /// Whether messages implement serde's traits in the form of protobuf's JSON; off by default,
    /// buffa only. The crate needs the feature `json` of `gannet`.
    pub json: bool,
    /// Whether fields that the schema does not know survive decoding and encoding; off by
    /// default, buffa only. On, each message carries one more field, and a struct literal needs
    /// `..Default::default()`.
    pub unknown_fields: bool,
    /// Whether messages with rules in their contract, `(buf.validate.field)` or `(validator.field)`, get validators; on
    /// by default.
    pub validation: bool,
    /// Whether expressions of rules that cannot be compiled, such as those about what an `Any` holds, are interpreted when a
    /// message is validated; off by default: they are errors. The crate needs the feature `runtime-cel` of `gannet`.
    pub runtime_cel: bool,
    /// Whether a rule that cannot be carried out fails when a message is validated, rather than here; off by default.
    /// For conformance suites, which ask for that.
    pub defer_rule_faults: bool,
    /// Whether the trait and the server of each service are generated; on by default.
    pub build_server: bool,
    /// Whether the client of each service is generated; on by default.
    pub build_client: bool,
    /// The path of the crate `gannet`; `::gannet` by default.
    pub gannet_path: String,
    /// Protobuf packages or types (`.my.pkg`, `.my.pkg.Type`) that live elsewhere, and where.
    pub extern_paths: Vec<(String, String)>,
    /// The name of the file that holds the module tree; `mod.rs` by default.
    pub root_file: String,
    /// Whether the types that the generated files use, but which are in other files, are
    /// generated too; on by default. Plugins of protoc turn it off, as protoc names every file
    /// to generate.
    pub follow_references: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            codec: Codec::default(),
            views: false,
            json: false,
            unknown_fields: false,
            validation: true,
            runtime_cel: false,
            defer_rule_faults: false,
            build_server: true,
            build_client: true,
            gannet_path: "::gannet".into(),
            extern_paths: Vec::new(),
            root_file: "mod.rs".into(),
            follow_references: true,
        }
    }
}

impl Options {
    /// Reads a plugin's parameter: `key=value` pairs with commas between them.
    ///
    /// A boolean may stand without its value: `views` is `views=true`.
    ///
    /// ```
    /// use gannet_codegen::{Codec, Options};
    ///
    /// let options = Options::from_parameter("codec=prost,extern_path=.common=::common::protos").unwrap();
    /// assert_eq!(options.codec, Codec::Prost);
    /// ```
    ///
    /// # Errors
    /// An [`ErrorKind::Option`] names the first pair that is unknown or has an unusable value.
    pub fn from_parameter(parameter: &str) -> Result<Self, Error> {
        let mut options = Self { follow_references: false, ..Self::default() };
        for pair in parameter.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, "true"));
            match key {
                "codec" => options.codec = parse_codec(value)?,
                "views" => options.views = parse_bool(key, value)?,
                "json" => options.json = parse_bool(key, value)?,
                "unknown_fields" => options.unknown_fields = parse_bool(key, value)?,
                "validation" => options.validation = parse_bool(key, value)?,
                "runtime_cel" => options.runtime_cel = parse_bool(key, value)?,
                "build_server" => options.build_server = parse_bool(key, value)?,
                "build_client" => options.build_client = parse_bool(key, value)?,
                "gannet_path" => value.clone_into(&mut options.gannet_path),
                "root_file" => value.clone_into(&mut options.root_file),
                "extern_path" => options.extern_paths.push(parse_extern_path(value)?),
                _ => return Err(unknown_option(key)),
            }
        }
        options.check()?;
        Ok(options)
    }

    /// Refuses combinations and paths that could not work, before anything is generated.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.codec == Codec::Prost {
            for (on, name) in
                [(self.views, "views"), (self.json, "json"), (self.unknown_fields, "unknown_fields")]
            {
                if on {
                    return Err(Error::new(
                        ErrorKind::Option,
                        format!("`{name}` is not available with the codec prost"),
                    )
                    .with_help("use the codec buffa, or leave the option out"));
                }
            }
        }
        let paths = self.extern_paths.iter().map(|(_, path)| path);
        for path in paths.chain([&self.gannet_path]) {
            if syn::Path::parse_mod_style.parse_str(path).is_err() {
                return Err(Error::new(ErrorKind::Option, format!("`{path}` is not a Rust path"))
                    .with_help("write it like `::my_crate::module`"));
            }
        }
        if let Some((proto, _)) = self.extern_paths.iter().find(|(proto, _)| !proto.starts_with('.')) {
            return Err(Error::new(
                ErrorKind::Option,
                format!("the extern path `{proto}` has no leading dot"),
            )
            .with_help(format!("write it fully qualified: `.{proto}`")));
        }
        Ok(())
    }

    /// Whether the type or package `name` (with its leading dot) is mapped to a path.
    pub(crate) fn is_extern(&self, name: &str) -> bool {
        self.extern_paths.iter().any(|(prefix, _)| {
            prefix == "."
                || name
                    .strip_prefix(prefix.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}

fn parse_codec(value: &str) -> Result<Codec, Error> {
    match value {
        "buffa" => Ok(Codec::Buffa),
        "prost" => Ok(Codec::Prost),
        _ => Err(Error::new(ErrorKind::Option, format!("`codec={value}` is unknown"))
            .with_help("the codecs are `buffa` and `prost`")),
    }
}

fn parse_bool(key: &str, value: &str) -> Result<bool, Error> {
    value.parse().map_err(|_| {
        Error::new(ErrorKind::Option, format!("`{key}={value}` is neither true nor false"))
            .with_help(format!("write `{key}=true` or `{key}=false`"))
    })
}

fn parse_extern_path(value: &str) -> Result<(String, String), Error> {
    value.split_once('=').map(|(proto, rust)| (proto.to_owned(), rust.to_owned())).ok_or_else(|| {
        Error::new(ErrorKind::Option, format!("`extern_path={value}` names no Rust path"))
            .with_help("write `extern_path=.proto.package=::rust::path`")
    })
}

fn unknown_option(key: &str) -> Error {
    Error::new(ErrorKind::Option, format!("the option `{key}` is unknown")).with_help(
        "the options are codec, views, json, unknown_fields, validation, runtime_cel, build_server, \
         build_client, gannet_path, extern_path and root_file",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_sets_what_it_names_and_nothing_else() {
        let options = Options::from_parameter(
            "views, json=true,unknown_fields=false,build_client=false,gannet_path=::a::b,extern_path=.x.y=::z,extern_path=.q=crate::q",
        )
        .unwrap();
        assert!(options.views && options.json && options.build_server && !options.build_client);
        assert_eq!(options.gannet_path, "::a::b");
        assert_eq!(options.extern_paths, [(".x.y".into(), "::z".into()), (".q".into(), "crate::q".into())]);
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name() {
        for (parameter, named) in [
            ("colour=red", "`colour`"),
            ("codec=json", "`codec=json`"),
            ("views=maybe", "`views=maybe`"),
            ("extern_path=.x", "`extern_path=.x`"),
            ("extern_path=x=::y", "`x`"),
            ("gannet_path=a b", "`a b`"),
            ("extern_path=.x=::a::B<C>", "`::a::B<C>`"),
            ("codec=prost,views", "`views`"),
        ] {
            let error = Options::from_parameter(parameter).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Option);
            assert!(error.message().contains(named), "{error}");
            assert!(error.help().is_some());
        }
    }

    #[test]
    fn an_extern_path_covers_whole_name_parts_only() {
        let options = Options { extern_paths: vec![(".a.b".into(), "::x".into())], ..Options::default() };
        assert!(options.is_extern(".a.b") && options.is_extern(".a.b.C"));
        assert!(!options.is_extern(".a.bc") && !options.is_extern(".a"));
    }
}
