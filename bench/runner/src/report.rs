//! The report: medians, the table, the JSON. It only arranges figures; it judges none.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde::Serialize;

use crate::Result;
use crate::load::Shape;
use crate::memory::IdleConnection;

/// The server the others are compared with.
const REFERENCE: &str = "tonic";

/// One server under one shape.
#[derive(Serialize)]
pub struct Case {
    pub server: String,
    pub shape: Shape,
    /// CPU time per call, one figure per round.
    pub microseconds: Vec<f64>,
}

impl Case {
    pub fn new(server: &str, shape: Shape) -> Self {
        Self { server: server.to_owned(), shape, microseconds: Vec::new() }
    }

    fn median(&self) -> f64 {
        median(&self.microseconds)
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.get(middle) {
        None => f64::NAN,
        Some(upper) if sorted.len() % 2 == 1 => *upper,
        Some(upper) => f64::midpoint(sorted[middle - 1], *upper),
    }
}

/// What one server's memory was.
#[derive(Serialize)]
pub struct Memory {
    pub server: String,
    /// Per idle connection, one for each round.
    pub idle: Vec<IdleConnection>,
    /// Of the whole process over all shapes of a round, the largest round, in bytes.
    pub peak: u64,
}

impl Memory {
    pub fn new(server: &str) -> Self {
        Self { server: server.to_owned(), idle: Vec::new(), peak: 0 }
    }

    fn median(&self, figure: impl Fn(&IdleConnection) -> f64) -> f64 {
        median(&self.idle.iter().map(figure).collect::<Vec<_>>())
    }
}

/// Where and with what the figures were taken.
#[derive(Serialize)]
struct Circumstances {
    processor: String,
    cores: usize,
    kernel: String,
    load_generator: String,
    commit: String,
    load_average_at_end: String,
}

/// All figures of one run.
#[derive(Serialize)]
pub struct Report {
    rounds: u32,
    circumstances: Circumstances,
    cases: Vec<Case>,
    memory: Vec<Memory>,
    #[serde(skip)]
    shapes: Vec<Shape>,
}

impl Report {
    pub fn new(
        cases: Vec<Case>,
        memory: Vec<Memory>,
        shapes: &[Shape],
        rounds: u32,
        load_generator: &str,
    ) -> Self {
        let circumstances = Circumstances {
            processor: line_of("/proc/cpuinfo", "model name"),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: first_line("/proc/sys/kernel/osrelease"),
            load_generator: load_generator.to_owned(),
            commit: commit(),
            load_average_at_end: first_line("/proc/loadavg"),
        };
        Self { rounds, circumstances, cases, memory, shapes: shapes.to_vec() }
    }

    /// The report as a person reads it.
    pub fn markdown(&self) -> String {
        let mut text = String::from(
            "Server CPU time (user and system) per unary call, µs; columns: connections × calls in flight on each.\n\n",
        );
        self.table(&mut text, "server", |case| format!("{:.2}", case.median()));
        if self.cases.iter().any(|case| case.server == REFERENCE) {
            let _ = write!(text, "\nHow many times less than {REFERENCE}:\n\n");
            self.table(&mut text, "server", |case| {
                let reference = self.cases.iter().find(|c| c.server == REFERENCE && c.shape == case.shape);
                reference.map_or_else(String::new, |reference| {
                    format!("{:.1}", reference.median() / case.median())
                })
            });
        }
        let _ = write!(text, "\nSpread over the rounds, smallest to largest, µs:\n\n");
        self.table(&mut text, "server", |case| {
            let smallest = case.microseconds.iter().copied().fold(f64::INFINITY, f64::min);
            let largest = case.microseconds.iter().copied().fold(0.0, f64::max);
            format!("{smallest:.2}–{largest:.2}")
        });
        text.push_str(
            "\nResident memory: bytes per idle connection, and the peak of the process under all the load, MB.\n\n\
             | server | after the preface | after one call | peak |\n| --- | ---: | ---: | ---: |\n",
        );
        for memory in &self.memory {
            let (fresh, used) = (memory.median(|idle| idle.fresh), memory.median(|idle| idle.used));
            let peak = memory.peak as f64 / 1e6;
            let _ = writeln!(text, "| {} | {fresh:.0} | {used:.0} | {peak:.1} |", memory.server);
        }
        let c = &self.circumstances;
        let _ = write!(
            text,
            "\nMedians of {} rounds, one server at a time on one core, {} on another. {}, {} cores, Linux {}, \
             commit {}, load average at the end {}.\n",
            self.rounds, c.load_generator, c.processor, c.cores, c.kernel, c.commit, c.load_average_at_end
        );
        text
    }

    fn table(&self, text: &mut String, corner: &str, cell: impl Fn(&Case) -> String) {
        let _ = write!(text, "| {corner} |");
        for shape in &self.shapes {
            let _ = write!(text, " {shape} |");
        }
        let _ = write!(text, "\n| --- |{}\n", " ---: |".repeat(self.shapes.len()));
        for cases in self.cases.chunks(self.shapes.len().max(1)) {
            let _ = write!(text, "| {} |", cases[0].server);
            for case in cases {
                let _ = write!(text, " {} |", cell(case));
            }
            text.push('\n');
        }
    }

    /// Writes report.md and report.json.
    pub fn write(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("report.md"), self.markdown())?;
        std::fs::write(folder.join("report.json"), serde_json::to_vec_pretty(self)?)?;
        Ok(())
    }
}

fn line_of(file: &str, key: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(key)).and_then(|line| line.split_once(':'));
    line.map_or_else(|| String::from("unknown"), |(_, value)| value.trim().to_owned())
}

fn first_line(file: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

fn commit() -> String {
    let output = Command::new("git").args(["describe", "--always", "--dirty"]).output();
    let known = output.ok().filter(|output| output.status.success());
    known.map_or_else(
        || String::from("unknown"),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_or_between_the_middle_two() {
        assert_eq!(median(&[3.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]).to_bits(), 2.5_f64.to_bits());
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn the_table_compares_with_tonic_shape_by_shape() {
        let shapes = [Shape::new(1, 1), Shape::new(1, 100)];
        let figures = [("tonic", [40.0, 6.0]), ("gannet", [32.0, 0.6])];
        let cases = figures
            .iter()
            .flat_map(|(server, values)| {
                shapes.iter().zip(values).map(|(shape, value)| {
                    let mut case = Case::new(server, *shape);
                    case.microseconds.push(*value);
                    case
                })
            })
            .collect();
        let text = Report::new(cases, Vec::new(), &shapes, 1, "h2load").markdown();
        assert!(text.contains("| gannet | 32.00 | 0.60 |"), "{text}");
        assert!(text.contains("| tonic | 1.0 | 1.0 |\n| gannet | 1.2 | 10.0 |"), "{text}");
    }
}
