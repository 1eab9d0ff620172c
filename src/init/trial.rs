//! Tries the configuration on the files as a run would, and takes away what does not hold.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use polars::prelude::*;

use super::blocks::joined;
use super::guess::{Guess, Table};
use super::measures::{self, Own, Score, Shipped};
use super::model::{self, Draft, Part, Values};
use super::{Request, SCHEMAS, Starter, write};
use crate::config::{Problem, Problems};
use crate::exports::as_of::AS_OF;
use crate::exports::contract::ACCOUNTS;
use crate::exports::look::Folder;
use crate::formula::date_literal;
use crate::jobs::JobError;
use crate::jobs::schemas::FileKind;
use crate::jobs::score_run::{self, ScoreRun};
use crate::jobs::settings::{self, Overrides, ScoreJob};
use crate::publish::{self, Content};
use crate::scores::columns as name;
use crate::trail::Trail;

/// So often something may be taken away before it is given up.
const ROUNDS: usize = 40;

/// The configuration on its way.
struct Drafts<'a> {
    request: &'a Request,
    folder: &'a Folder,
    guess: Guess,
    eligible: Option<String>,
    /// Tables and measures that were taken away, each with the reason.
    taken_away: Vec<(String, String)>,
    shipped: Shipped,
    /// Simple measures with the table they are about.
    own: IndexMap<String, (String, Own)>,
    model: Draft,
    as_of: String,
    compare: bool,
    /// Why rows are lost beyond the ordinary, where they are.
    lost: Option<String>,
    /// Whether the model is only there to measure with.
    measuring: bool,
    /// Whether every measure is wanted, to draw curves from.
    wanted: bool,
}

/// Where a part of the text comes from.
#[derive(Debug, Clone)]
enum Origin {
    Table(String),
    Measure(String),
    Model(Part),
    Fixed,
}

/// One file's text with its parts.
struct Text {
    path: &'static str,
    text: String,
    parts: Vec<(std::ops::Range<usize>, Origin)>,
}

/// Finds a configuration that runs, and says what it gives.
pub fn settle(
    request: &Request,
    folder: &Folder,
    guess: &Guess,
    trail: &mut Trail<'_>,
) -> Result<Starter, JobError> {
    let shipped = measures::shipped(guess, folder);
    let model = model::shipped(&shipped);
    // Columns of the accounts say little beside events; where there are none they are all there is.
    let is_thin = !guess
        .tables
        .iter()
        .any(|table| table.name != ACCOUNTS && table.time.is_some() && !table.is_answer(folder));
    let mut own: IndexMap<String, (String, Own)> = IndexMap::new();
    for table in &guess.tables {
        for measure in measures::own(table, folder) {
            let wanted = table.name != ACCOUNTS || is_thin;
            if wanted && !shipped.kept.contains_key(&measure.name) {
                own.entry(measure.name.clone())
                    .or_insert_with(|| (table.name.clone(), measure));
            }
        }
    }
    let eligible = shipped
        .kept
        .contains_key("active_contract_lines")
        .then(|| "active_contract_lines > 0".to_owned());
    let has_fresh = guess
        .tables
        .iter()
        .any(|table| table.fresh_within.is_some());
    let first = guess
        .tables
        .iter()
        .filter(|table| table.time.is_some())
        .filter_map(|table| table.days)
        .map(|days| days[0])
        .min();
    let span = match (first, guess.end) {
        (Some(first), Some(end)) => end.signed_duration_since(first).num_days(),
        _ => 0,
    };
    let as_of = match guess.end {
        Some(_) if has_fresh => "latest_complete".to_owned(),
        Some(end) if end < request.today => end.to_string(),
        _ => "yesterday".to_owned(),
    };
    let mut drafts = Drafts {
        request,
        folder,
        guess: guess.clone(),
        eligible,
        taken_away: vec![],
        shipped,
        own,
        model,
        as_of,
        compare: span >= 120,
        lost: None,
        measuring: true,
        wanted: true,
    };
    drafts.measuring = !drafts.model.metrics.iter().any(|metric| metric.weight > 0);
    trail.step("measuring, to draw the curves");
    let (mut job, mut run) = drafts.try_out(trail)?;
    if run.compared.height() == 0 && drafts.eligible.take().is_some() {
        // A condition that nobody meets was a wrong guess.
        (job, run) = drafts.try_out(trail)?;
    }
    let as_of = *job.dates.last().expect("a job has a date");
    let of_date = run
        .compared
        .clone()
        .lazy()
        .filter(col(AS_OF).eq(date_literal(as_of)))
        .collect()?;
    let values = drafts.values(&of_date, |measure| measure.to_owned())?;
    let scores = drafts.values(&of_date, |metric| name::metric(metric, name::SCORE))?;
    let shown = as_of.to_string();
    drafts.model.redraw(&scores, &values, &shown);
    // Where the shipped model has enough to say about a table, simple counts add nothing.
    let enough: Vec<String> = drafts
        .guess
        .tables
        .iter()
        .filter(|table| drafts.model.scored_from(&table.name, &drafts.shipped) >= 2)
        .map(|table| table.name.clone())
        .collect();
    drafts.own.retain(|_, (table, _)| !enough.contains(table));
    for (measure, (_, own)) in &drafts.own {
        let known = values.get(measure).cloned().unwrap_or_default();
        drafts.model.add(own, &known, &shown);
    }
    drafts.model.score_something();
    if drafts.model.metrics.is_empty() {
        let title = format!(
            "nothing in {} can be measured for an account",
            request.exports.display()
        );
        let help = "export a table of events, or columns of the accounts that are numbers";
        return Err(JobError::Problems(Problem::input(title).help(help).into()));
    }
    drafts.measuring = false;
    drafts.wanted = false;
    trail.step("trying the model");
    let (job, run) = drafts.try_out(trail)?;
    // A run that refuses says why; then the tolerance is widened, and the reason stands beside it.
    if let Err(error) = run.scorecard(&job, as_of, trail) {
        let JobError::Refused(refusals) = error else {
            return Err(error);
        };
        let reasons: Vec<String> = refusals.into_iter().map(|refusal| refusal.reason).collect();
        drafts.lost = Some(reasons.join("; "));
        let (job, run) = drafts.try_out(trail)?;
        run.scorecard(&job, as_of, trail)?;
        return drafts.starter(&job, &run, as_of);
    }
    drafts.starter(&job, &run, as_of)
}

impl Drafts<'_> {
    /// Loads and scores; what the checks point at is taken away until nothing is left to say.
    fn try_out(&mut self, trail: &mut Trail<'_>) -> Result<(ScoreJob, ScoreRun), JobError> {
        let stage = tempfile::tempdir().map_err(|cause| {
            JobError::Publish(publish::PublishError::Io {
                what: "make a folder for trying out in",
                path: "the temporary folder".into(),
                cause,
            })
        })?;
        let mut round = 0;
        loop {
            let texts = self.texts();
            let place = stage.path().join(round.to_string());
            let files: Vec<Content> = texts
                .iter()
                .map(|text| Content {
                    path: text.path.to_owned(),
                    bytes: text.text.clone().into_bytes(),
                })
                .collect();
            publish::write_new(&place, &files)?;
            let overrides = Overrides {
                exports: Some(self.request.exports.clone()),
                also: self.wanted(),
                ..Overrides::default()
            };
            match settings::load(&place.join("nightly.toml"), &overrides, self.request.today) {
                Ok(job) => {
                    let run = score_run::score_run(&job, None, trail)?;
                    return Ok((job, run));
                }
                Err(JobError::Problems(problems)) if round < ROUNDS => {
                    self.mend(&texts, problems)?;
                    round += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn wanted(&self) -> Vec<String> {
        if !self.wanted {
            return vec![];
        }
        let own = self
            .own
            .values()
            .filter(|(_, own)| matches!(own.score, Score::Quantiles | Score::Trend))
            .map(|(_, own)| own.name.clone());
        let shipped = self
            .model
            .metrics
            .iter()
            .map(|metric| metric.name.clone())
            .filter(|metric| self.shipped.kept.contains_key(metric));
        own.chain(shipped).collect()
    }

    /// Takes away what problems point at.
    fn mend(&mut self, texts: &[Text], problems: Problems) -> Result<(), JobError> {
        let mut model: Vec<(Part, Option<String>)> = Vec::new();
        let mut mended = false;
        for problem in &problems.0 {
            let Some((source, span)) = &problem.place else {
                continue;
            };
            let text = texts.iter().find(|text| source.path.ends_with(text.path));
            let Some(text) = text else { continue };
            let part = text
                .parts
                .iter()
                .find(|(place, _)| place.start <= span.start && span.start < place.end);
            match part.map(|(_, origin)| origin) {
                Some(Origin::Table(table)) if table != ACCOUNTS => {
                    mended |= self.drop_table(table, &problem.title);
                }
                Some(Origin::Measure(measure)) => {
                    mended |= self.drop_measure(measure, &problem.title);
                }
                Some(Origin::Model(part)) => {
                    let before = text.text[..span.start].rfind('\n').map_or(0, |at| at + 1);
                    let line = text.text[before..].lines().next().map(str::to_owned);
                    model.push((part.clone(), line));
                    mended |= !matches!(part, Part::Fixed | Part::Category);
                }
                _ => {}
            }
        }
        self.model.take_away(&model);
        if mended {
            Ok(())
        } else {
            Err(JobError::Problems(problems))
        }
    }

    fn drop_table(&mut self, table: &str, reason: &str) -> bool {
        let before = self.guess.tables.len();
        self.guess.tables.retain(|known| known.name != table);
        self.taken_away.push((table.to_owned(), reason.to_owned()));
        before != self.guess.tables.len()
    }

    fn drop_measure(&mut self, measure: &str, reason: &str) -> bool {
        if measure == "active_contract_lines" {
            self.eligible = None;
        }
        let gone = self.shipped.kept.shift_remove(measure).is_some()
            | self.own.shift_remove(measure).is_some();
        if gone {
            self.shipped
                .missing
                .entry(format!("another form of its data ({reason})"))
                .or_default()
                .push(measure.to_owned());
        }
        self.model.metrics.retain(|metric| metric.name != measure);
        gone
    }

    fn texts(&self) -> Vec<Text> {
        vec![
            self.exports_text(),
            self.measures_text(),
            self.model_text(),
            Text {
                path: "nightly.toml",
                text: self.job_text(),
                parts: vec![],
            },
        ]
    }

    fn exports_text(&self) -> Text {
        let head = write::exports_head(
            &self.guess,
            self.folder,
            self.eligible.as_deref(),
            &self.request.data,
        );
        let mut parts: Vec<String> = self
            .guess
            .tables
            .iter()
            .map(|table| write::table(table, self.folder, &self.guess))
            .collect();
        let mut origins: Vec<Origin> = self
            .guess
            .tables
            .iter()
            .map(|table| Origin::Table(table.name.clone()))
            .collect();
        let left: Vec<String> = self
            .left_out()
            .into_iter()
            .map(|(path, reason)| format!("# TODO: {path} is left out: {reason}\n"))
            .collect();
        if !left.is_empty() {
            parts.push(left.concat());
            origins.push(Origin::Fixed);
        }
        let (text, places) = joined(&head, &parts);
        Text {
            path: "exports.toml",
            text,
            parts: places.into_iter().zip(origins).collect(),
        }
    }

    fn left_out(&self) -> Vec<(String, String)> {
        self.folder
            .unusable
            .iter()
            .chain(&self.guess.left_out)
            .chain(&self.taken_away)
            .map(|(path, reason)| (super::guess::one_line(path), super::guess::one_line(reason)))
            .collect()
    }

    fn measures_text(&self) -> Text {
        let head = "#:schema schemas/measures.json\n\n\
                    # What can be measured on these tables: the shipped measures for which there is data, as they are\n\
                    # shipped, and simple ones of every table that those say too little about. At the end stands\n\
                    # what would have to be delivered for the others. Change them freely.\n";
        let mut parts = Vec::new();
        let mut origins = Vec::new();
        for (name, block) in &self.shipped.kept {
            parts.push(block.text());
            origins.push(Origin::Measure(name.clone()));
        }
        for (name, (_, own)) in &self.own {
            parts.push(own.text());
            origins.push(Origin::Measure(name.clone()));
        }
        if self.measuring {
            parts.push("[measures.the_account_itself]\nvalue = \"1\"\n".to_owned());
            origins.push(Origin::Fixed);
        }
        if !self.shipped.missing.is_empty() {
            let mut missing = String::from(
                "# What is missing, and the shipped measures that would come with it:\n",
            );
            for (need, measures) in &self.shipped.missing {
                let line = super::guess::one_line(&format!("{need}: {}", measures.join(", ")));
                missing.push_str(&wrapped(&line));
            }
            parts.push(missing);
            origins.push(Origin::Fixed);
        }
        let (text, places) = joined(head, &parts);
        Text {
            path: "measures.toml",
            text,
            parts: places.into_iter().zip(origins).collect(),
        }
    }

    fn model_text(&self) -> Text {
        let head = "#:schema ../schemas/model.json\n\n\
                    # A first model for these exports. What the shipped five-category model says about measures that can\n\
                    # be had stands as it is; curves of other measures are drawn from the accounts as they are, so\n\
                    # that half of them score 70 or better: they say who is better than others, not yet what is good.\n\
                    # TODO: replace each by what you believe, and prove the weights with a review.\n\
                    name = \"starter\"\n\
                    title = \"Starter health model\"\n\
                    version = \"0.1\"\n\
                    status = \"draft\"\n\n\
                    decimals = 1\n\
                    coverage_floor = 0.5   # below this share of weight with data, no score\n\
                    flat_band = 2.0        # points up or down that still count as flat\n";
        if self.measuring {
            let text = format!(
                "{head}\n[[bands]]\nlabel = \"All\"\nfrom = 0\n\n[categories.usage]\nweight = 1\n\n\
                 [categories.usage.metrics.the_account_itself]\nweight = 1\ncurve = {{ points = [[0, 0], [1, 100]] }}\n"
            );
            return Text {
                path: "models/starter.toml",
                text,
                parts: vec![],
            };
        }
        let (origins, mut parts): (Vec<Part>, Vec<String>) = self.model.parts().into_iter().unzip();
        let mut origins: Vec<Origin> = origins.into_iter().map(Origin::Model).collect();
        if !self.model.left_out.is_empty() {
            let names: Vec<&str> = self.model.left_out.iter().map(String::as_str).collect();
            let line = format!(
                "of the shipped model, for want of data: {}",
                names.join(", ")
            );
            parts.push(format!("# Left out\n{}", wrapped(&line)));
            origins.push(Origin::Fixed);
        }
        let (text, places) = joined(head, &parts);
        Text {
            path: "models/starter.toml",
            text,
            parts: places.into_iter().zip(origins).collect(),
        }
    }

    fn job_text(&self) -> String {
        let data = super::toml_text(&self.request.data);
        let as_of = match self.as_of.as_str() {
            "latest_complete" => "# The newest date, at most yesterday, on which every export with `fresh_within` is fresh.\nas_of = \"latest_complete\"".to_owned(),
            "yesterday" => "# TODO: no export says when its rows happened, so each night scores the state of the day.\nas_of = \"yesterday\"".to_owned(),
            date => format!("# TODO: no export is delivered so regularly that its freshness could be told; this is the last day of the rows.\nas_of = \"{date}\""),
        };
        let compare = if self.compare {
            "compare = [\"30d\", \"90d\"]"
        } else {
            "# TODO: there is not enough history to compare with; later: compare = [\"30d\", \"90d\"]\ncompare = []"
        };
        let tolerance = match &self.lost {
            None => "# Rows of an export that are set aside or lead to no account: a warning from 1 %, refusal above 25 %.\ntolerance = { warn = 0.01, refuse = 0.25 }".to_owned(),
            Some(reason) => format!(
                "# TODO: a run would refuse these exports: {}.\n# Nothing is refused until that is mended or understood; then come back to 0.25.\ntolerance = {{ warn = 0.01, refuse = 1.0 }}",
                super::guess::one_line(reason)
            ),
        };
        let publish = if self.measuring {
            "publish = [\"scores\"]"
        } else {
            "publish = [\"scores\", \"insights\", \"portfolio\", \"charts\"]"
        };
        format!(
            "#:schema schemas/job.json\n\n\
             # Scores every account, every night: `healthscore run nightly.toml`.\n\
             kind = \"score\"\n\
             exports = \"exports.toml\"\n\
             measures = \"measures.toml\"\n\
             model = \"models/starter.toml\"\n\
             data = {data}\n\
             out = \"reports\"\n\n\
             {as_of}\n\n\
             # Earlier dates by the same model, from what was known then.\n\
             {compare}\n\n\
             {publish}\n\n\
             {tolerance}\n"
        )
    }

    /// Returns the numbers in the columns that measures or metrics have.
    fn values(
        &self,
        frame: &DataFrame,
        column_of: impl Fn(&str) -> String,
    ) -> Result<IndexMap<String, Values>, JobError> {
        let mut values = IndexMap::new();
        for measure in self.wanted() {
            let Ok(column) = frame.column(&column_of(&measure)) else {
                continue;
            };
            if !column.dtype().is_primitive_numeric() && !column.dtype().is_decimal() {
                continue;
            }
            let floats = column.cast(&DataType::Float64)?;
            let known = floats.f64()?.iter().flatten().filter(|x| x.is_finite());
            let mut sorted: Vec<f64> = known.collect();
            sorted.sort_by(f64::total_cmp);
            let accounts = frame.height();
            values.insert(measure, Values { sorted, accounts });
        }
        Ok(values)
    }

    fn starter(
        &self,
        job: &ScoreJob,
        run: &ScoreRun,
        as_of: chrono::NaiveDate,
    ) -> Result<Starter, JobError> {
        let texts = self.texts().into_iter();
        let texts = texts.map(|text| (text.path.to_owned(), text.text));
        // What the first line of each file names, so that an editor completes its keys.
        let kinds = [
            FileKind::Exports,
            FileKind::Measures,
            FileKind::Model,
            FileKind::Job,
        ];
        let schemas = kinds.map(|kind| (format!("{SCHEMAS}{}.json", kind.word()), kind.schema()));
        let files: Vec<Content> = texts
            .chain(schemas)
            .map(|(path, text)| Content {
                path,
                bytes: text.into_bytes(),
            })
            .collect();
        let frame = run
            .compared
            .clone()
            .lazy()
            .filter(col(AS_OF).eq(date_literal(as_of)))
            .collect()?;
        let bands = frame.column(&name::overall(name::BAND))?.str()?.clone();
        let mut counted: Vec<(String, usize)> = job
            .model
            .bands
            .iter()
            .map(|band| {
                let here = bands
                    .iter()
                    .flatten()
                    .filter(|own| *own == band.label)
                    .count();
                (band.label.clone(), here)
            })
            .collect();
        let without = bands.null_count();
        if without > 0 {
            counted.push(("not scored".to_owned(), without));
        }
        let todos = files
            .iter()
            .map(|file| String::from_utf8_lossy(&file.bytes).matches("TODO").count())
            .sum();
        let line = |table: &Table| {
            let seen = &self.folder.tables[table.seen];
            let path = match &table.path.0 {
                super::guess::Path::Account(_) if table.name == ACCOUNTS => String::new(),
                super::guess::Path::Account(column) => format!(", by {column}"),
                super::guess::Path::Via(column, to) => format!(", by {column} through {to}"),
                super::guess::Path::Reference => ", for all accounts".to_owned(),
            };
            let text = format!("{} = {} ({} rows{path})", table.name, seen.path, seen.rows);
            super::guess::one_line(&text)
        };
        let all_shipped = self.shipped.tables.len();
        Ok(Starter {
            files,
            tables: self.guess.tables.iter().map(line).collect(),
            left_out: self.left_out(),
            leaks: self
                .guess
                .tables
                .iter()
                .flat_map(|table| {
                    table
                        .leaks
                        .iter()
                        .map(|leak| format!("{}.{leak}", table.name))
                })
                .collect(),
            shipped: (self.shipped.kept.len(), all_shipped),
            metrics: self.model.metrics.len(),
            as_of,
            bands: counted,
            todos,
        })
    }
}

/// Breaks a comment into lines of a hundred characters.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut line = String::from("#  ");
    for word in text.split(' ') {
        if line.chars().count() + word.chars().count() > 98 {
            lines.push_str(line.trim_end());
            lines.push('\n');
            line = String::from("#    ");
        }
        line.push(' ');
        line.push_str(word);
    }
    lines.push_str(line.trim_end());
    lines.push('\n');
    lines
}

/// Returns the way from one folder to another, where they share more than the root.
#[must_use]
pub fn way(from: &Path, to: &Path) -> Option<PathBuf> {
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if shared < 2 {
        return None;
    }
    let mut way: PathBuf = std::iter::repeat_n("..", from.len() - shared).collect();
    way.extend(&to[shared..]);
    Some(if way.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        way
    })
}
