//! Makes Rust documentation of the comments in `.proto` files.
//!
//! Comments are written for people, not for rustdoc: what looks like code to Markdown would be
//! compiled and run as a doctest of the user's crate, and brackets would become broken links.

/// Turns a comment into lines of documentation, each without the blank after `///`.
pub(crate) fn documentation(comment: &str) -> Vec<String> {
    let mut in_code = false;
    neutralize_code(comment)
        .lines()
        .map(|line| {
            let is_fence = line.trim_start().starts_with("```");
            let code = in_code || is_fence;
            in_code ^= is_fence;
            if code { line.to_owned() } else { escape_inline(line) }
        })
        .collect()
}

/// Marks every code block of a comment as text, so that rustdoc neither compiles nor runs it.
///
/// Indented blocks become fenced ones; a fence that is left open is closed.
pub(crate) fn neutralize_code(comment: &str) -> String {
    let lines: Vec<&str> = dedent(comment);
    let mut out: Vec<String> = Vec::with_capacity(lines.len());
    let mut fence: Option<String> = None;
    let mut indented = false;
    for (index, line) in lines.iter().enumerate() {
        if let Some(open) = &fence {
            if line.trim() == open {
                out.push("```".into());
                fence = None;
            } else {
                // A shorter or other fence inside is text; it must not close the one around it.
                out.push(line.replace("```", "` ` `"));
            }
            continue;
        }
        let is_indented = !line.trim().is_empty() && (line.starts_with("    ") || line.starts_with('\t'));
        if indented && !is_indented {
            if line.trim().is_empty() && next_is_indented(&lines[index + 1..]) {
                out.push(String::new());
                continue;
            }
            out.push("```".into());
            indented = false;
        }
        if is_indented {
            if !indented {
                out.push("```text".into());
                indented = true;
            }
            out.push(line.strip_prefix('\t').unwrap_or_else(|| &line[4..]).replace("```", "` ` `"));
        } else if let Some((marker, language)) = fence_start(line) {
            out.push(format!("```{}", harmless(language)));
            fence = Some(marker.to_owned());
        } else {
            out.push((*line).to_owned());
        }
    }
    if indented || fence.is_some() {
        out.push("```".into());
    }
    out.join("\n")
}

/// Drops the blank that stands after `//` on each line, and empty lines at both ends.
fn dedent(comment: &str) -> Vec<&str> {
    let lines: Vec<&str> = comment.lines().map(str::trim_end).collect();
    let has_margin = lines.iter().all(|line| line.is_empty() || line.starts_with(' '));
    let lines: Vec<&str> = lines
        .into_iter()
        .map(|line| if has_margin { line.strip_prefix(' ').unwrap_or(line) } else { line })
        .collect();
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let last = lines.iter().rposition(|line| !line.is_empty()).map_or(first, |last| last + 1);
    lines[first..last].to_vec()
}

fn next_is_indented(rest: &[&str]) -> bool {
    rest.iter()
        .find(|line| !line.trim().is_empty())
        .is_some_and(|line| line.starts_with("    ") || line.starts_with('\t'))
}

/// The marker of a fence that opens here, and what stands behind it.
fn fence_start(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let first = line.chars().next().filter(|first| matches!(first, '`' | '~'))?;
    let length = line.len() - line.trim_start_matches(first).len();
    let (marker, language) = line.split_at(length);
    // A backtick behind the marker makes it an inline code span.
    (length >= 3 && !language.contains('`')).then_some((marker, language.trim()))
}

/// The language of a fence if rustdoc does not take it for Rust, else `text`.
fn harmless(language: &str) -> &str {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '#' | '-');
    let rust =
        ["rust", "should_panic", "no_run", "ignore", "compile_fail", "standalone_crate", "test_harness"];
    let is_rust =
        rust.contains(&language) || language.starts_with("edition") || language.starts_with("ignore-");
    if language.is_empty() || is_rust || !language.chars().all(is_name) { "text" } else { language }
}

/// Escapes what rustdoc would take for a link or for HTML, outside inline code.
fn escape_inline(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(next) = rest.chars().next() {
        if next == '`' {
            let ticks = rest.len() - rest.trim_start_matches('`').len();
            let (open, after) = rest.split_at(ticks);
            let Some(close) = after.find(open) else {
                // No closing tick: rustdoc warns, and what follows is no code.
                out.push_str(&"\\`".repeat(ticks));
                rest = after;
                continue;
            };
            let end = ticks + close + ticks;
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if rest.starts_with("http://") || rest.starts_with("https://") {
            let end =
                rest.find(|c: char| c.is_whitespace() || matches!(c, ')' | ']' | '>' | '<' | '"' | '`'));
            let (url, after) = rest.split_at(end.unwrap_or(rest.len()));
            let bare = url.trim_end_matches(['.', ',', ';', ':']);
            out.push('<');
            out.push_str(bare);
            out.push('>');
            out.push_str(&url[bare.len()..]);
            rest = after;
        } else {
            if matches!(next, '[' | ']' | '<' | '>') && !(next == '>' && out.trim().is_empty()) {
                out.push('\\');
            }
            out.push(next);
            rest = &rest[next.len_utf8()..];
            if next == '\\' {
                // Already escaped by the author: keep the pair together.
                if let Some(escaped) = rest.chars().next() {
                    out.push(escaped);
                    rest = &rest[escaped.len_utf8()..];
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_stays_as_it_is() {
        assert_eq!(documentation(" Says hello.\n\n Twice.\n"), ["Says hello.", "", "Twice."]);
        assert_eq!(documentation(""), Vec::<String>::new());
        assert_eq!(documentation("\n \n"), Vec::<String>::new());
    }

    #[test]
    fn indented_code_becomes_a_text_block() {
        assert_eq!(
            documentation(" Example:\n\n     let x = 1;\n\n     x();\n Done.\n"),
            ["Example:", "", "```text", "let x = 1;", "", "x();", "```", "Done."]
        );
        assert_eq!(documentation("\tlet x;"), ["```text", "let x;", "```"]);
    }

    #[test]
    fn fences_are_never_compiled_by_rustdoc() {
        for language in ["", "rust", "rust,no_run", "should_panic", "edition2024", "ignore-wasm", "E0123 x"] {
            let lines = documentation(&format!("```{language}\npanic!()\n```"));
            assert_eq!(lines, ["```text", "panic!()", "```"], "{language}");
        }
        assert_eq!(documentation("```proto\nmessage A {}\n```")[0], "```proto");
        assert_eq!(documentation("~~~\npanic!()\n~~~"), ["```text", "panic!()", "```"]);
    }

    #[test]
    fn an_open_fence_is_closed() {
        assert_eq!(documentation("```\npanic!()"), ["```text", "panic!()", "```"]);
        assert_eq!(documentation("````\n```\npanic!()\n````"), ["```text", "` ` `", "panic!()", "```"]);
    }

    #[test]
    fn brackets_angles_and_urls_do_not_become_links_or_html() {
        assert_eq!(
            documentation("See [Foo] and <b>, `[x] <y>`, https://grpc.io/docs."),
            ["See \\[Foo\\] and \\<b\\>, `[x] <y>`, <https://grpc.io/docs>."]
        );
        assert_eq!(documentation("> quoted"), ["> quoted"]);
        assert_eq!(documentation("open ` tick, \\[kept\\]"), ["open \\` tick, \\[kept\\]"]);
    }
}
