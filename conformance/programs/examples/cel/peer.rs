//! The peer: cel-go, behind a pipe. `conformance/go-cel` says what is sent.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::{Arguments, Verdict};

pub(crate) struct Peer {
    child: Child,
    requests: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// What the peer says of an expression over a message.
pub(crate) enum Answer {
    Value(String),
    Error(String),
    /// The expression does not compile.
    Fault(String),
}

impl Peer {
    /// Starts the peer to be asked by [`ask`](Self::ask).
    pub(crate) fn start(program: &str) -> io::Result<Self> {
        Self::run(&mut Command::new(program))
    }

    /// Starts the peer to be asked by [`ask_of_message`](Self::ask_of_message), for messages of an encoded set of
    /// descriptors.
    pub(crate) fn start_with_types(program: &str, descriptors: &[u8]) -> io::Result<Self> {
        let mut peer = Self::run(Command::new(program).arg("messages"))?;
        peer.send(descriptors)?;
        Ok(peer)
    }

    fn run(command: &mut Command) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (requests, answers) = pipes.ok_or_else(|| io::Error::other("the peer has no pipes"))?;
        Ok(Self { child, requests: BufWriter::new(requests), answers: BufReader::new(answers) })
    }

    /// The value of an expression.
    pub(crate) fn ask(&mut self, expression: &str, arguments: &Arguments) -> io::Result<Verdict> {
        for text in [expression, &arguments.a, &arguments.b] {
            self.send(text.as_bytes())?;
        }
        for number in [arguments.n, arguments.m] {
            self.requests.write_all(&number.to_le_bytes())?;
        }
        let (kind, text) = self.answer()?;
        Ok(if kind == 1 { Ok(text) } else { Err(text) })
    }

    /// The value of an expression about a message.
    pub(crate) fn ask_of_message(
        &mut self,
        expression: &str,
        type_name: &str,
        message: &[u8],
    ) -> io::Result<Answer> {
        for part in [expression.as_bytes(), type_name.as_bytes(), message] {
            self.send(part)?;
        }
        let (kind, text) = self.answer()?;
        Ok(match kind {
            0 => Answer::Error(text),
            1 => Answer::Value(text),
            _ => Answer::Fault(text),
        })
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.requests.write_all(&(bytes.len() as u64).to_le_bytes())?;
        self.requests.write_all(bytes)
    }

    fn answer(&mut self) -> io::Result<(u8, String)> {
        self.requests.flush()?;
        let mut kind = [0];
        self.answers.read_exact(&mut kind)?;
        let mut length = [0; 8];
        self.answers.read_exact(&mut length)?;
        let mut text = Vec::new();
        Read::by_ref(&mut self.answers).take(u64::from_le_bytes(length)).read_to_end(&mut text)?;
        Ok((kind[0], String::from_utf8_lossy(&text).into_owned()))
    }

    /// Ends it.
    pub(crate) fn end(self) -> io::Result<()> {
        let Self { mut child, requests, answers } = self;
        drop((requests, answers));
        let status = child.wait()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("the peer: {status}"))) }
    }
}
