//! Where the time of a run went, stage by stage, and what was read for it.

use std::cell::RefCell;
use std::fmt::Write;
use std::sync::OnceLock;
use std::time::Instant;

use indexmap::IndexMap;

use crate::exports::Read;
use crate::stats::Spent;

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

/// Returns the seconds on the wall, counted from the first call, and those of all threads.
pub fn clock() -> [f64; 2] {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    let wall = FIRST.get_or_init(Instant::now).elapsed().as_secs_f64();
    [wall, cpu_seconds().unwrap_or(f64::NAN)]
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
    pub fn table(&self, read: &[Read]) -> String {
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
        for own in read {
            let [rows, unread_rows] = own.rows;
            let [bytes, unread] = own.bytes.map(|n| n as f64 / 1e6);
            let _ = writeln!(
                text,
                "  {:<24}{rows:>14}{unread_rows:>14}{bytes:>12.1}{unread:>12.1}",
                own.export
            );
        }
        text
    }
}

/// Says what the bootstraps have taken, which are a part of the stages in which they are drawn.
pub fn bootstraps(spent: Spent, resamples: usize) -> String {
    let [wall, cpu] = spent.seconds;
    let each = 1e3 * cpu / spent.figures.max(1) as f64;
    format!(
        "\n  {} figures were drawn {resamples} times each: {wall:.3} seconds, {cpu:.2} CPU s, {each:.2} CPU ms a figure\n",
        spent.figures
    )
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
