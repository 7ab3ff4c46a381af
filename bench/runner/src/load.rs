//! The load: h2load, and reading what it says about the calls it made. Its own timings are not used.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::str::FromStr;

use serde::Serialize;

use crate::Result;

/// The request in gRPC framing: `HelloRequest { name: "world" }`.
pub const REQUEST: &[u8] = b"\x00\x00\x00\x00\x07\x0a\x05world";
/// The answer every server must give, in gRPC framing: `HelloReply { message: "Hello world!" }`.
pub const REPLY: &[u8] = b"\x00\x00\x00\x00\x0e\x0a\x0cHello world!";
/// The method that is called.
pub const PATH: &str = "/helloworld.Greeter/SayHello";

/// How many connections, and how many calls in flight on each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Shape {
    connections: u64,
    in_flight: u64,
}

impl Shape {
    pub const fn new(connections: u64, in_flight: u64) -> Self {
        Self { connections, in_flight }
    }

    /// Enough calls for about a second, whether the kernel or the framework sets the pace.
    pub fn default_calls(self) -> u64 {
        match self.connections * self.in_flight {
            ..10 => 20_000,
            10..100 => 100_000,
            100.. if self.in_flight < 50 => 200_000,
            _ => 300_000,
        }
    }

    /// A tenth of the counted calls, but no fewer than may be in flight at once.
    pub fn warm_up_calls(self, calls: u64) -> u64 {
        (calls / 10).max(self.connections * self.in_flight)
    }
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let parsed = text.split_once(['x', '×']).and_then(|(connections, in_flight)| {
            Some(Self::new(connections.parse().ok()?, in_flight.parse().ok()?))
        });
        parsed
            .filter(|shape| shape.connections > 0 && shape.in_flight > 0)
            .ok_or_else(|| format!("{text}: expected CONNECTIONSxIN_FLIGHT, such as 10x10"))
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}", self.connections, self.in_flight)
    }
}

/// h2load, ready to run.
pub struct Load {
    core: usize,
    body: PathBuf,
    version: String,
}

impl Load {
    /// Looks for h2load and writes the request body where it can read it.
    pub fn prepare(core: usize) -> Result<Self> {
        let output = Command::new("h2load").arg("--version").output().map_err(|error| {
            format!("h2load cannot be run ({error}); install it with `apt-get install nghttp2-client`")
        })?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let body = std::env::temp_dir().join(format!("gannet-bench-request-{}", std::process::id()));
        std::fs::write(&body, REQUEST)?;
        Ok(Self { core, body, version })
    }

    pub fn version(&self) -> &str {
        &self.version
    }

    /// Makes `calls` calls; an error unless every one was answered with the right amount of payload.
    pub fn run(&self, address: SocketAddr, shape: Shape, calls: u64) -> Result<()> {
        let output = Command::new("taskset")
            .args(["--cpu-list", &self.core.to_string(), "h2load"])
            .args(["--requests", &calls.to_string()])
            .args(["--clients", &shape.connections.to_string()])
            .args(["--max-concurrent-streams", &shape.in_flight.to_string()])
            .arg("--data")
            .arg(&self.body)
            .args(["--header", "content-type: application/grpc", "--header", "te: trailers"])
            .arg(format!("http://{address}{PATH}"))
            .stdin(Stdio::null())
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let answered =
            Answered::parse(&text).ok_or_else(|| format!("h2load's output is not understood:\n{text}"))?;
        answered.expect(calls).map_err(|error| format!("{shape}: {error}\n{text}").into())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // A file left in the temporary folder harms no one.
        drop(std::fs::remove_file(&self.body));
    }
}

/// h2load's counts of one run.
#[derive(Debug, PartialEq, Eq)]
struct Answered {
    succeeded: u64,
    status_2xx: u64,
    data_bytes: u64,
}

impl Answered {
    fn parse(output: &str) -> Option<Self> {
        let line = |start: &str| output.lines().find_map(|line| line.strip_prefix(start));
        let count_before = |line: &str, word: &str| -> Option<u64> {
            let part = line.split(", ").find_map(|part| part.trim().strip_suffix(word))?;
            part.trim().parse().ok()
        };
        let data = line("traffic: ")?.rsplit_once('(')?.1.strip_suffix(") data")?;
        Some(Self {
            succeeded: count_before(line("requests: ")?, "succeeded")?,
            status_2xx: count_before(line("status codes: ")?, "2xx")?,
            data_bytes: data.parse().ok()?,
        })
    }

    /// A gRPC error comes with HTTP status 200 as well; but then there is no message, so the payload falls short.
    fn expect(&self, calls: u64) -> std::result::Result<(), String> {
        let right = Self { succeeded: calls, status_2xx: calls, data_bytes: calls * REPLY.len() as u64 };
        if *self == right {
            Ok(())
        } else {
            Err(format!("not every call succeeded: {self:?}, expected {right:?}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
finished in 1.73s, 11532.15 req/s, 912.23KB/s
requests: 20000 total, 20000 started, 20000 done, 20000 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 20000 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 1.54MB (1620031) total, 390.63KB (400000) headers (space savings 47.37%), 371.09KB (380000) data
";

    #[test]
    fn counts_are_read_and_a_full_run_is_accepted() {
        let answered = Answered::parse(OUTPUT).expect("h2load's output");
        assert_eq!(answered, Answered { succeeded: 20_000, status_2xx: 20_000, data_bytes: 380_000 });
        assert_eq!(answered.expect(20_000), Ok(()));
    }

    #[test]
    fn a_missing_message_is_noticed_although_http_says_200() {
        let output = OUTPUT.replace("(380000) data", "(379981) data");
        assert!(Answered::parse(&output).expect("h2load's output").expect(20_000).is_err());
    }

    #[test]
    fn failed_calls_are_noticed() {
        let output = OUTPUT.replace("20000 succeeded, 0 failed", "19999 succeeded, 1 failed");
        assert!(Answered::parse(&output).expect("h2load's output").expect(20_000).is_err());
    }

    #[test]
    fn other_output_is_not_taken_for_counts() {
        assert_eq!(Answered::parse("starting benchmark...\n"), None);
    }

    #[test]
    fn shapes_are_parsed_strictly() {
        assert_eq!("50x100".parse(), Ok(Shape::new(50, 100)));
        for wrong in ["", "50", "x1", "0x1", "1x0", "1x1x1"] {
            assert!(wrong.parse::<Shape>().is_err(), "{wrong}");
        }
    }
}
