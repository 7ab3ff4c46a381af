//! The servers under test: building, starting on one core, reading what they used, ending them. Not the load.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::time::ClockId;
use nix::unistd::Pid;

use crate::Result;

/// How long a server may take until it accepts connections.
const START_LIMIT: Duration = Duration::from_secs(10);

/// A server program that can be started.
pub struct Program {
    pub name: String,
    pub path: PathBuf,
}

impl Program {
    /// Builds the named server with cargo, in release.
    pub fn build(name: &str, bench: &Path) -> Result<Self> {
        let (folder, package, binary) = match name {
            "floor" => (bench.to_owned(), "floor", "floor"),
            "tonic" => (bench.to_owned(), "tonic-greeter", "tonic-greeter"),
            "pajamax" => (bench.join("peers"), "pajamax-greeter", "pajamax-greeter"),
            "gannet" => (bench.join(".."), "greeter", "greeter-server"),
            _ => return Err(format!("no server is named {name}; give it by --program {name}=PATH").into()),
        };
        eprintln!("building {name}");
        let output = Command::new("cargo")
            .args(["build", "--release", "--message-format=json-render-diagnostics", "--package", package])
            .args(["--bin", binary])
            .current_dir(&folder)
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(format!("cargo build of {name} (package {package}) failed: {}", output.status).into());
        }
        let path = executable(&output.stdout, binary)
            .ok_or_else(|| format!("cargo built {package}, but named no program {binary}"))?;
        Ok(Self { name: name.to_owned(), path })
    }

    /// Starts the program on one core and waits until it accepts connections.
    pub fn start(&self, core: usize) -> Result<Server> {
        let address = free_address()?;
        // taskset replaces itself by the program, so the child's id is the server's.
        let child = Command::new("taskset")
            .args(["--cpu-list", &core.to_string()])
            .arg(&self.path)
            .args(["--addr", &address.to_string(), "--threads", "1"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| {
                format!("{} through taskset (Debian package util-linux): {error}", self.path.display())
            })?;
        let mut server = Server { child, address };
        server.wait_until_listening().map_err(|error| format!("{}: {error}", self.name))?;
        Ok(server)
    }
}

/// The path of `binary` among cargo's JSON messages.
fn executable(messages: &[u8], binary: &str) -> Option<PathBuf> {
    messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == binary)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

/// A loopback address no one listens on at the moment.
fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}

/// A running server; dropping it ends the process.
pub struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// CPU time of the whole process, all threads, user and system.
    pub fn cpu_time(&self) -> Result<Duration> {
        let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(self.child.id().cast_signed()))?;
        Ok(clock.now()?.into())
    }

    /// Resident memory, in bytes.
    pub fn memory(&self) -> Result<u64> {
        self.status("VmRSS:")
    }

    /// The largest resident memory so far, in bytes.
    pub fn peak_memory(&self) -> Result<u64> {
        self.status("VmHWM:")
    }

    /// A figure of /proc/PID/status, which gives it in KiB.
    fn status(&self, key: &str) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let figure =
            line.ok_or_else(|| format!("no {key} in /proc status"))?.trim().trim_end_matches("kB").trim();
        Ok(figure.parse::<u64>()? * 1024)
    }

    fn wait_until_listening(&mut self) -> Result<()> {
        let start = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("ended before it listened on {}: {status}", self.address).into());
            }
            if start.elapsed() > START_LIMIT {
                return Err(format!("does not listen on {} after {START_LIMIT:?}", self.address).into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended by itself; there is nothing to do about it here.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_among_cargos_messages() {
        let messages = br#"{"reason":"compiler-artifact","target":{"name":"greeter"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"greeter-server"},"executable":"/t/release/greeter-server"}
{"reason":"build-finished","success":true}
"#;
        assert_eq!(executable(messages, "greeter-server"), Some(PathBuf::from("/t/release/greeter-server")));
        assert_eq!(executable(messages, "greeter"), None);
    }
}
