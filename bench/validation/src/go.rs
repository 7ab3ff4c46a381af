//! protovalidate-go, over the same messages: a program of its own, in `go/`.

use std::error::Error;
use std::path::Path;
use std::process::Command;

/// Nanoseconds and allocations for each row of the table; none if there is no Go.
pub fn measure() -> Result<Vec<(f64, u64)>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("go");
    if Command::new("go").arg("version").output().is_err() {
        eprintln!("validation: Go is missing; protovalidate-go is left out");
        return Ok(Vec::new());
    }
    let output = Command::new("sh").arg("run").current_dir(folder).output()?;
    if !output.status.success() {
        return Err(format!("go/run failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let rows = String::from_utf8(output.stdout)?;
    rows.lines()
        .map(|line| {
            let (time, allocations) = line.split_once(' ').ok_or("go/run prints two numbers for each row")?;
            Ok((time.parse()?, allocations.parse()?))
        })
        .collect()
}
