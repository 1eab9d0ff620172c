//! What a person at the terminal sees while the program works.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::timings::Timings;
use crate::trail::Trail;

/// The terminal, or its silence.
#[derive(Debug)]
pub struct Screen {
    quiet: bool,
    bar: ProgressBar,
}

impl Screen {
    /// Returns a screen; progress is shown on a terminal only.
    #[must_use]
    pub fn new(quiet: bool) -> Self {
        let bar = if quiet || !std::io::stderr().is_terminal() {
            ProgressBar::hidden()
        } else {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        };
        Self { quiet, bar }
    }

    /// Returns a trail whose steps are shown.
    #[must_use]
    pub fn trail(&self) -> Trail<'_> {
        Trail::new(|step| self.bar.set_message(step.to_owned()))
    }

    /// Returns a trail whose steps are shown and timed.
    #[must_use]
    pub fn timed<'a>(&'a self, timings: &'a Timings) -> Trail<'a> {
        Trail::new(|step| {
            self.bar.set_message(step.to_owned());
            timings.begin(step);
        })
    }

    /// Takes the progress away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Prints results, unless the screen is quiet.
    pub fn print(&self, text: &str) {
        if !self.quiet {
            self.result(text);
        }
    }

    /// Prints what the command was asked for, quiet or not; a reader that has gone away is no error.
    pub fn result(&self, text: &str) {
        use std::io::Write;
        self.bar.finish_and_clear();
        let _ = std::io::stdout().write_all(text.as_bytes());
    }
}
