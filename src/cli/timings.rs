//! Where the time of a run went, stage by stage, and what was read for it.

use std::cell::RefCell;
use std::fmt::Write;
use std::time::Instant;

use indexmap::IndexMap;

use crate::exports::Exports;
use crate::exports::scan;

/// The stages of a run as they begin; a stage ends where the next one begins.
#[derive(Debug, Default)]
pub struct Timings {
    begun: RefCell<Vec<(String, Reading)>>,
}

/// What the clocks showed.
#[derive(Debug, Clone, Copy)]
struct Reading {
    wall: Instant,
    cpu: Option<f64>,
}

impl Reading {
    fn now() -> Self {
        Self {
            wall: Instant::now(),
            cpu: cpu_seconds(),
        }
    }
}

impl Timings {
    /// Says that a stage begins.
    pub fn begin(&self, stage: &str) {
        self.begun
            .borrow_mut()
            .push((stage.to_owned(), Reading::now()));
    }

    /// Returns the table that people read: seconds of every stage, the work of all threads beside
    /// them, then the rows and bytes of every export.
    pub fn table(&self, exports: &Exports) -> String {
        let mut begun = self.begun.borrow().clone();
        let Some((_, first)) = begun.first().cloned() else {
            return String::new();
        };
        let last = Reading::now();
        begun.push((String::new(), last));
        // A stage may come back, as measures do that wait for others.
        let mut stages: IndexMap<&str, [f64; 2]> = IndexMap::new();
        for pair in begun.windows(2) {
            let stage = stages.entry(pair[0].0.as_str()).or_default();
            for (sum, more) in stage.iter_mut().zip(between(pair[0].1, pair[1].1)) {
                *sum += more;
            }
        }
        let mut text = format!(
            "\nWhere the time went\n  {:<40}{:>10}{:>10}\n",
            "stage", "seconds", "CPU s"
        );
        let mut line = |stage: &str, [wall, cpu]: [f64; 2]| {
            let _ = writeln!(text, "  {stage:<40}{wall:>10.3}{cpu:>10.2}");
        };
        for (stage, seconds) in stages {
            line(stage, seconds);
        }
        line("in all", between(first, last));
        let _ = writeln!(
            text,
            "\n  {:<24}{:>14}{:>14}{:>12}{:>12}",
            "export", "rows read", "rows skipped", "MB read", "MB skipped"
        );
        for (name, rows) in &exports.tables {
            let skipped = rows.table.rows_in_files().saturating_sub(rows.decoded());
            let [read, unread] = scan::bytes(&rows.table, &rows.demand).map(|n| n as f64 / 1e6);
            let _ = writeln!(
                text,
                "  {name:<24}{:>14}{skipped:>14}{read:>12.1}{unread:>12.1}",
                rows.decoded()
            );
        }
        text
    }
}

fn between(from: Reading, to: Reading) -> [f64; 2] {
    let cpu = from
        .cpu
        .zip(to.cpu)
        .map_or(f64::NAN, |(from, to)| to - from);
    [to.wall.duration_since(from.wall).as_secs_f64(), cpu]
}

/// Returns the CPU seconds that all threads of the program have taken; `None` where the system
/// does not say.
fn cpu_seconds() -> Option<f64> {
    // Linux counts them in hundredths, whatever the kernel's own tick; the name in brackets may
    // hold spaces.
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: Vec<f64> = ticks.map(str::parse).collect::<Result<_, _>>().ok()?;
    Some(ticks.iter().sum::<f64>() / 100.0)
}
