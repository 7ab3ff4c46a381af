//! Measures what one unary call costs a server in CPU time, for Gannet, its peers and the floor, under the same load.
//! It drives programs from outside and knows nothing of their insides; it asserts that every call succeeded, never how
//! fast it was.

#![forbid(unsafe_code)]

mod check;
mod load;
mod memory;
mod report;
mod server;

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::Parser;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use load::{Load, Shape};
use report::{Case, Memory, Report};
use server::Program;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Measure the server CPU time of a unary gRPC call.
///
/// Servers run one at a time on one core, h2load on another. The figure is the CPU time (user and system) of the
/// server's process per call, in microseconds: it holds however fast the load generator is, and largely also when the
/// machine has other work. Results go to standard output and to bench/out/.
#[derive(Parser)]
#[command(after_help = "Examples:
  cargo run --release -p runner                              all servers, all shapes, 5 rounds (about 2 minutes)
  cargo run --release -p runner -- --quick                   one short round
  cargo run --release -p runner -- --servers gannet,tonic --shapes 1x100,50x100 --rounds 9
  cargo run --release -p runner -- --program gannet=/elsewhere/greeter-server")]
struct Options {
    /// Which servers, in order: floor, tonic, pajamax, gannet, or the names given with --program.
    #[arg(long, value_delimiter = ',', default_value = "floor,tonic,gannet")]
    servers: Vec<String>,
    /// NAME=PATH: measure this program instead of building the server of that name. It is started as
    /// `PATH --addr 127.0.0.1:PORT --threads 1` and must serve helloworld.Greeter/SayHello. May be repeated.
    #[arg(long, value_name = "NAME=PATH", value_parser = parse_program)]
    program: Vec<(String, PathBuf)>,
    /// Connections x calls in flight on each.
    #[arg(long, value_delimiter = ',', default_value = "1x1,1x100,10x10,50x1,50x100")]
    shapes: Vec<Shape>,
    /// Rounds; each starts every server anew, the median over the rounds is reported.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Calls for each shape and round; without it as many as take about a second.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    calls: Option<u64>,
    /// How many idle connections the memory of one is measured with; 0 leaves it out.
    #[arg(long, default_value_t = 2000)]
    idle_connections: u32,
    /// One round over 1x100 and 10x10 with few calls: shows that everything works, not how fast it is.
    #[arg(long)]
    quick: bool,
    /// The core the server runs on.
    #[arg(long, default_value_t = 0)]
    server_core: usize,
    /// The core the load generator runs on.
    #[arg(long, default_value_t = 1)]
    load_core: usize,
    /// Where report.md and report.json are written.
    #[arg(long, default_value_os_t = bench_folder().join("out"))]
    out: PathBuf,
}

fn main() {
    if let Err(error) = run(Options::parse()) {
        eprintln!("error: {error}");
        std::process::exit(1);
    }
}

/// The folder of the bench workspace.
fn bench_folder() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

fn parse_program(text: &str) -> std::result::Result<(String, PathBuf), String> {
    let (name, path) =
        text.split_once('=').ok_or("expected NAME=PATH, such as gannet=target/release/greeter-server")?;
    Ok((name.to_owned(), path.into()))
}

fn run(mut options: Options) -> Result<()> {
    if options.quick {
        options.rounds = 1;
        options.shapes = vec![Shape::new(1, 100), Shape::new(10, 10)];
        options.calls = Some(options.calls.unwrap_or(50_000));
        options.idle_connections = options.idle_connections.min(200);
    }
    let load = Load::prepare(options.load_core)?;
    let programs = programs(&options)?;
    raise_file_limit(u64::from(options.idle_connections) + 256)?;
    let mut memory = programs.iter().map(|program| Memory::new(&program.name)).collect::<Vec<_>>();
    let mut cases: Vec<Case> = programs
        .iter()
        .flat_map(|program| options.shapes.iter().map(|shape| Case::new(&program.name, *shape)))
        .collect();

    for round in 1..=options.rounds {
        let per_program = cases.chunks_mut(options.shapes.len()).zip(&mut memory);
        for (program, (cases, memory)) in programs.iter().zip(per_program) {
            eprintln!("round {round} of {}: {}", options.rounds, program.name);
            measure(program, cases, memory, &load, &options)?;
        }
    }

    let report = Report::new(cases, memory, &options.shapes, options.rounds, load.version());
    println!("{}", report.markdown());
    report.write(&options.out)?;
    eprintln!("written to {}", options.out.display());
    Ok(())
}

fn programs(options: &Options) -> Result<Vec<Program>> {
    options
        .servers
        .iter()
        .map(|name| match options.program.iter().find(|(given, _)| given == name) {
            Some((_, path)) => Ok(Program { name: name.clone(), path: path.clone() }),
            None => Program::build(name, &bench_folder()),
        })
        .collect()
}

/// One round of one server: started for the memory of idle connections, and anew for the load in all shapes.
fn measure(
    program: &Program,
    cases: &mut [Case],
    memory: &mut Memory,
    load: &Load,
    options: &Options,
) -> Result<()> {
    let named = |error: Box<dyn Error>| format!("{}: {error}", program.name);
    if options.idle_connections > 0 {
        let server = program.start(options.server_core)?;
        memory.idle.push(memory::idle_connections(&server, options.idle_connections).map_err(named)?);
    }
    let server = program.start(options.server_core)?;
    check::reply(server.address()).map_err(named)?;
    for case in cases {
        let calls = options.calls.unwrap_or_else(|| case.shape.default_calls());
        // The first calls fault in memory and fill caches; they are not counted.
        load.run(server.address(), case.shape, case.shape.warm_up_calls(calls)).map_err(named)?;
        let before = server.cpu_time()?;
        load.run(server.address(), case.shape, calls).map_err(named)?;
        let used = server.cpu_time()?.saturating_sub(before);
        case.microseconds.push(used.as_secs_f64() * 1e6 / calls as f64);
    }
    memory.peak = memory.peak.max(server.peak_memory()?);
    Ok(())
}

/// Lets this process and its children open so many files, where the system allows it.
fn raise_file_limit(least: u64) -> Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < least {
        setrlimit(Resource::RLIMIT_NOFILE, least.min(hard), hard)?;
    }
    Ok(())
}
