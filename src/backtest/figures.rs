//! Figures as they are published: long and tidy, one row each, refused ones with their reason.

use crate::stats::{Counts, Estimate, Refused};

/// What a figure is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct About {
    /// The candidate, category or metric.
    pub candidate: String,
    /// The event.
    pub target: &'static str,
    /// The lead; `None` where a figure has none.
    pub lead_days: Option<u32>,
    /// By what the rows were cut.
    pub slice: String,
    /// The part of it.
    pub slice_value: String,
}

/// A figure with its interval, or the reason why there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What it is about.
    pub about: About,
    /// Its name.
    pub figure: String,
    /// The figure; `None` where refused.
    pub value: Option<f64>,
    /// Lower end of its 95 % interval, where it has one.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Rows it rests on.
    pub n: u64,
    /// Events among them.
    pub events: u64,
    /// Why there is none, or what to know about it.
    pub reason: Option<String>,
}

impl Figure {
    fn remark(&mut self, remark: &str) {
        self.reason = Some(match &self.reason {
            Some(reason) => format!("{reason}; {remark}"),
            None => remark.to_owned(),
        });
    }
}

/// How many rows and events a figure rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Rows.
    pub n: u64,
    /// Events.
    pub events: u64,
}

impl Size {
    /// Counts rows and events.
    #[must_use]
    pub fn of(event: &[bool]) -> Self {
        Self {
            n: event.len() as u64,
            events: event.iter().filter(|event| **event).count() as u64,
        }
    }
}

impl From<Counts> for Size {
    fn from(counts: Counts) -> Self {
        Self {
            n: counts.n as u64,
            events: counts.events as u64,
        }
    }
}

/// All figures of a review, in the order they were computed.
#[derive(Debug, Clone, Default)]
pub struct Figures(pub Vec<Figure>);

impl Figures {
    /// Adds a figure with its interval, or its refusal.
    pub fn estimate(
        &mut self,
        about: &About,
        figure: &str,
        size: Size,
        estimate: Result<Estimate, Refused>,
    ) {
        let (value, low, high, reason) = match estimate {
            Ok(Estimate { value, low, high }) => (Some(value), Some(low), Some(high), None),
            Err(refused) => (None, None, None, Some(refused.to_string())),
        };
        self.0.push(Figure {
            about: about.clone(),
            figure: figure.to_owned(),
            value,
            low,
            high,
            n: size.n,
            events: size.events,
            reason,
        });
    }

    /// Adds a figure without an interval, or its refusal.
    pub fn value(&mut self, about: &About, figure: &str, size: Size, value: Result<f64, Refused>) {
        let (value, reason) = match value {
            Ok(value) => (Some(value), None),
            Err(refused) => (None, Some(refused.to_string())),
        };
        self.0.push(Figure {
            about: about.clone(),
            figure: figure.to_owned(),
            value,
            low: None,
            high: None,
            n: size.n,
            events: size.events,
            reason,
        });
    }

    /// Adds a remark to the figure added last.
    pub fn remark(&mut self, remark: &str) {
        if let Some(last) = self.0.last_mut() {
            last.remark(remark);
        }
    }

    /// Adds a remark to a figure, if it is there.
    pub fn remark_on(&mut self, about: &About, figure: &str, remark: &str) {
        let mut own = self.0.iter_mut();
        if let Some(own) = own.find(|own| own.figure == figure && own.about == *about) {
            own.remark(remark);
        }
    }

    /// Returns a figure by its name and what it is about.
    #[must_use]
    pub fn find(&self, about: &About, figure: &str) -> Option<&Figure> {
        self.0
            .iter()
            .find(|own| own.figure == figure && own.about == *about)
    }
}
