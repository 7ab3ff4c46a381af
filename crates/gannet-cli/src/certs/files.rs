//! Writing certificates and keys: all files of a command or none, never half of one, never over another unless told to.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::Error;

/// A file to write.
pub(crate) struct Output {
    pub(crate) path: PathBuf,
    pub(crate) content: String,
    /// Whether only its owner may read it.
    pub(crate) secret: bool,
}

impl Output {
    pub(crate) fn certificate(path: PathBuf, content: String) -> Self {
        Self { path, content, secret: false }
    }

    pub(crate) fn key(path: PathBuf, content: String) -> Self {
        Self { path, content, secret: true }
    }
}

/// Fails if one of these is there already.
///
/// Asked before anything is made, so that the answer comes before an RSA key does; [`write()`] makes sure of it again.
pub(crate) fn refuse_to_overwrite<'a>(
    paths: impl IntoIterator<Item = &'a Path>,
    force: bool,
) -> Result<(), Error> {
    let there: Vec<&Path> = paths.into_iter().filter(|path| path.symlink_metadata().is_ok()).collect();
    if let Some(folder) = there.iter().find(|path| path.is_dir()) {
        return Err(Error::new(format!("{} is a folder; name a file", folder.display())));
    }
    if there.is_empty() || force {
        return Ok(());
    }
    let names: Vec<String> = there.iter().map(|path| path.display().to_string()).collect();
    Err(overwriting(&names.join(" and "), there.len()))
}

fn overwriting(names: &str, count: usize) -> Error {
    let (are, them) = if count == 1 { ("is", "it") } else { ("are", "them") };
    Error::new(format!("{names} {are} there already; --force overwrites {them}, --out names others"))
}

/// Writes all of the files, and gives the folders it made for them.
///
/// Each is written beside its place, with its mode from the beginning, and then moved there in one step.
///
/// # Errors
///
/// If one cannot be written, none is; but if `force` replaces several files and the move of a later one fails, the
/// earlier ones have been replaced, and the error says so.
pub(crate) fn write(outputs: &[Output], force: bool) -> Result<Vec<PathBuf>, Error> {
    refuse_to_overwrite(outputs.iter().map(|output| output.path.as_path()), force)?;
    let mut made = Vec::new();
    for folder in outputs.iter().filter_map(|output| parent(&output.path)) {
        if !folder.exists() {
            fs::create_dir_all(folder)
                .map_err(|error| Error::new(format!("{} cannot be made: {error}", folder.display())))?;
            made.push(folder.to_owned());
        }
    }
    let staged: Vec<(&Output, NamedTempFile)> =
        outputs.iter().map(|output| Ok((output, stage(output)?))).collect::<Result<_, Error>>()?;
    let mut placed: Vec<&Path> = Vec::new();
    for (output, file) in staged {
        let moved = if force { file.persist(&output.path) } else { file.persist_noclobber(&output.path) };
        if let Err(error) = moved {
            return Err(undone(&output.path, &error.error, &placed, force));
        }
        placed.push(&output.path);
    }
    Ok(made)
}

/// The folder a file goes into, if it is not the current one.
fn parent(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty())
}

fn stage(output: &Output) -> Result<NamedTempFile, Error> {
    let fault =
        |error: std::io::Error| Error::new(format!("{} cannot be written: {error}", output.path.display()));
    let mut builder = Builder::new();
    builder.prefix(".gannet-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(if output.secret { 0o600 } else { 0o644 }));
    }
    let mut file = builder.tempfile_in(parent(&output.path).unwrap_or(Path::new("."))).map_err(fault)?;
    file.write_all(output.content.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(fault)?;
    Ok(file)
}

/// What is to say when a file could not be moved to its place. Files that were new are taken back.
fn undone(path: &Path, error: &std::io::Error, placed: &[&Path], force: bool) -> Error {
    if !force {
        for new in placed {
            // Whatever cannot be taken back is named by the next attempt, as being there already.
            let _ = fs::remove_file(new);
        }
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            return overwriting(&path.display().to_string(), 1);
        }
    }
    let replaced = match placed {
        [] => String::new(),
        _ if !force => String::new(),
        _ => {
            let names: Vec<String> = placed.iter().map(|path| path.display().to_string()).collect();
            format!(
                "; {} was replaced already and does not fit the rest: make them again",
                names.join(" and ")
            )
        }
    };
    Error::new(format!("{} cannot be written: {error}{replaced}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(folder: &Path) -> [Output; 2] {
        [
            Output::key(folder.join("a.key"), "secret".to_owned()),
            Output::certificate(folder.join("a.pem"), "public".to_owned()),
        ]
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        write(&pair(folder.path()), false).unwrap();
        let mode = |name: &str| folder.path().join(name).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("a.key"), 0o600);
        // What the umask leaves of 0644.
        assert_eq!(mode("a.pem") & 0o133, 0);
        assert_eq!(names(folder.path()), ["a.key", "a.pem"]);
    }

    #[test]
    fn nothing_is_written_if_one_file_is_there_already() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.pem"), "old").unwrap();
        let error = write(&pair(folder.path()), false).unwrap_err().to_string();
        assert!(error.contains("a.pem is there already; --force overwrites it"), "{error}");
        assert_eq!(names(folder.path()), ["a.pem"]);
        write(&pair(folder.path()), true).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("a.pem")).unwrap(), "public");
        assert_eq!(names(folder.path()), ["a.key", "a.pem"]);
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_not_overwritten_and_the_others_are_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let outputs = pair(folder.path());
        let staged = stage(&outputs[0]).unwrap();
        staged.persist_noclobber(&outputs[0].path).unwrap();
        fs::write(&outputs[1].path, "somebody else's").unwrap();
        let taken = stage(&outputs[1]).unwrap().persist_noclobber(&outputs[1].path).unwrap_err();
        let error = undone(&outputs[1].path, &taken.error, &[&outputs[0].path], false).to_string();
        assert!(error.contains("there already"), "{error}");
        drop(taken);
        assert_eq!(names(folder.path()), ["a.pem"]);
        assert_eq!(fs::read_to_string(&outputs[1].path).unwrap(), "somebody else's");
    }

    #[test]
    fn folders_are_made_and_said() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("x/y");
        assert_eq!(write(&pair(&inner), false).unwrap(), std::slice::from_ref(&inner));
        assert_eq!(names(&inner), ["a.key", "a.pem"]);
        assert!(write(&pair(&inner), true).unwrap().is_empty());
        fs::create_dir(folder.path().join("a.key")).unwrap();
        let error = write(&pair(folder.path()), true).unwrap_err().to_string();
        assert!(error.contains("is a folder"), "{error}");
    }
}
