//! Go's `regexp`, asked through the program of `conformance/go/re2`, whose head describes what goes over the pipes.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running peer.
pub(crate) struct Go {
    child: Child,
    requests: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// What it says of a pattern: its error's text, or something.
pub(crate) type Verdict<T> = Result<T, String>;

impl Go {
    pub(crate) fn start(program: &str) -> io::Result<Self> {
        let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (requests, answers) = pipes.ok_or_else(|| io::Error::other("the peer has no pipes"))?;
        Ok(Self { child, requests: BufWriter::new(requests), answers: BufReader::new(answers) })
    }

    /// Which of the texts the pattern matches.
    pub(crate) fn matches(&mut self, pattern: &str, texts: &[Vec<u8>]) -> io::Result<Verdict<Vec<bool>>> {
        self.requests.write_all(b"m")?;
        self.send(pattern.as_bytes())?;
        self.requests.write_all(&(texts.len() as u32).to_le_bytes())?;
        for text in texts {
            self.send(text)?;
        }
        self.verdict(|go| {
            let mut matched = vec![0; texts.len()];
            go.answers.read_exact(&mut matched)?;
            Ok(matched.into_iter().map(|byte| byte == 1).collect())
        })
    }

    /// First and last code points of what a pattern of one class has. In no order, and perhaps overlapping.
    pub(crate) fn set(&mut self, pattern: &str) -> io::Result<Verdict<Vec<(u32, u32)>>> {
        self.requests.write_all(b"s")?;
        self.send(pattern.as_bytes())?;
        self.verdict(|go| {
            let ranges = go.number()?;
            (0..ranges).map(|_| Ok((go.number()?, go.number()?))).collect()
        })
    }

    /// The names of Unicode's categories and scripts.
    pub(crate) fn names(&mut self) -> io::Result<Vec<String>> {
        self.requests.write_all(b"n")?;
        let names = self.verdict(|go| {
            let names = go.number()?;
            (0..names).map(|_| go.text()).collect()
        })?;
        names.map_err(io::Error::other)
    }

    /// Ends it.
    pub(crate) fn end(self) -> io::Result<()> {
        let Self { mut child, requests, answers } = self;
        drop((requests, answers));
        let status = child.wait()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("the peer: {status}"))) }
    }

    fn verdict<T>(&mut self, accepted: impl FnOnce(&mut Self) -> io::Result<T>) -> io::Result<Verdict<T>> {
        self.requests.flush()?;
        let mut verdict = [0];
        self.answers.read_exact(&mut verdict)?;
        if verdict == [1] { accepted(self).map(Ok) } else { self.text().map(Err) }
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.requests.write_all(&(bytes.len() as u32).to_le_bytes())?;
        self.requests.write_all(bytes)
    }

    fn number(&mut self) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.answers.read_exact(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn text(&mut self) -> io::Result<String> {
        let mut bytes = vec![0; self.number()? as usize];
        self.answers.read_exact(&mut bytes)?;
        String::from_utf8(bytes).map_err(io::Error::other)
    }
}
