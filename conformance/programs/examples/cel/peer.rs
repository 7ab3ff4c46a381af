//! The peer: cel-go, behind a pipe. `conformance/go-cel/main.go` says what is sent.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::{Arguments, Verdict};

pub(crate) struct Peer {
    child: Child,
    requests: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    pub(crate) fn start(program: &str) -> io::Result<Self> {
        let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (requests, answers) = pipes.ok_or_else(|| io::Error::other("the peer has no pipes"))?;
        Ok(Self { child, requests: BufWriter::new(requests), answers: BufReader::new(answers) })
    }

    /// The value of an expression.
    pub(crate) fn ask(&mut self, expression: &str, arguments: &Arguments) -> io::Result<Verdict> {
        for text in [expression, &arguments.a, &arguments.b] {
            self.requests.write_all(&(text.len() as u64).to_le_bytes())?;
            self.requests.write_all(text.as_bytes())?;
        }
        for number in [arguments.n, arguments.m] {
            self.requests.write_all(&number.to_le_bytes())?;
        }
        self.requests.flush()?;
        let mut kind = [0];
        self.answers.read_exact(&mut kind)?;
        let mut length = [0; 8];
        self.answers.read_exact(&mut length)?;
        let mut text = Vec::new();
        Read::by_ref(&mut self.answers).take(u64::from_le_bytes(length)).read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(if kind == [1] { Ok(text) } else { Err(text) })
    }

    /// Ends it.
    pub(crate) fn end(self) -> io::Result<()> {
        let Self { mut child, requests, answers } = self;
        drop((requests, answers));
        let status = child.wait()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("the peer: {status}"))) }
    }
}
