//! The stories of hpack-test-case: what other implementations encoded, see `tests/hpack_vectors/README.md`.

use std::path::{Path, PathBuf};

use bytes::BytesMut;
use gannet_http2::hpack::{Decoder, Encoder, Indexing};
use serde_json::Value;

use crate::{Pair, decode, hex};

/// One block of a story.
struct Case {
    /// SETTINGS_HEADER_TABLE_SIZE, acknowledged just before the block.
    table_size: Option<usize>,
    wire: Vec<u8>,
    fields: Vec<Pair>,
}

/// Every story below the folder, with the path it came from.
fn stories() -> Vec<(PathBuf, Vec<Case>)> {
    let folder = std::env::var_os("GANNET_HPACK_STORIES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hpack_vectors"), PathBuf::from);
    let mut stories = Vec::new();
    for encoder in folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        for file in encoder.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
            if file.extension().is_some_and(|extension| extension == "json") && !encoder.ends_with("raw-data")
            {
                stories.push((file.clone(), cases(&file)));
            }
        }
    }
    assert!(!stories.is_empty(), "no story in {}", folder.display());
    stories
}

fn cases(file: &Path) -> Vec<Case> {
    let story: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    story["cases"].as_array().unwrap().iter().map(case).collect()
}

fn case(case: &Value) -> Case {
    let fields = case["headers"].as_array().unwrap().iter().flat_map(|field| field.as_object().unwrap());
    Case {
        table_size: case["header_table_size"].as_u64().map(|size| size as usize),
        wire: hex(case["wire"].as_str().unwrap()),
        fields: fields.map(|(name, value)| (name.clone().into(), value.as_str().unwrap().into())).collect(),
    }
}

#[test]
fn stories_of_other_encoders_decode_to_their_fields() {
    for (file, cases) in stories() {
        let mut decoder = Decoder::new(4096);
        for (number, case) in cases.into_iter().enumerate() {
            if let Some(size) = case.table_size {
                decoder.set_max_size(size);
            }
            assert_eq!(
                decode(&mut decoder, &case.wire),
                Ok(case.fields),
                "{}, block {number}",
                file.display()
            );
        }
    }
}

#[test]
fn stories_encoded_anew_decode_to_their_fields_here_and_elsewhere() {
    for (file, cases) in stories() {
        let mut encoder = Encoder::with_limit(16384);
        let mut decoder = Decoder::new(4096);
        let mut other = fluke_hpack::Decoder::new();
        for (number, case) in cases.into_iter().enumerate() {
            if let Some(size) = case.table_size {
                encoder.set_max_size(size);
                decoder.set_max_size(size);
            }
            let mut block = BytesMut::new();
            for (name, value) in &case.fields {
                encoder.field(&mut block, name, value, Indexing::Incremental);
            }
            assert_eq!(other.decode(&block).unwrap(), case.fields, "{}, block {number}", file.display());
            assert_eq!(decode(&mut decoder, &block), Ok(case.fields), "{}, block {number}", file.display());
        }
    }
}
