//! A review job as meant: the score job of its model, and how the past is looked at.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::JobError;
use super::file::{JobFile, JobKind, Text};
use super::review_file::{ReviewFile, SamplingFile};
use super::settings::{self, Overrides, ScoreJob};
use crate::backtest::design::{Design, Sampling};
use crate::config::{self, Problem, Problems, Source, Spanned, date_of};
use crate::domain::DayCount;
use crate::exports::contract::ACCOUNTS;
use crate::measures::plan::Plan;
use crate::model::file::ModelFile;
use crate::model::{self, HealthModel};
use crate::outcomes::resolve::{Extract, Wanted};
use crate::outcomes::{self, Outcomes};
use crate::stats::Clock;

/// A review, ready to run.
#[derive(Debug, Clone)]
pub struct ReviewJob {
    /// Its exports, measures and model in force; the plan serves every candidate.
    pub score: ScoreJob,
    /// Where decisions come from.
    pub outcomes: Outcomes,
    /// The log of actions, if the job names one.
    pub acted_on: Option<Extract>,
    /// How the past is looked at.
    pub design: Design,
    /// Models that are compared with the one in force.
    pub challengers: Vec<HealthModel>,
    /// Where the scores of the time were published.
    pub published: Option<PathBuf>,
    /// What times its bootstraps.
    pub clock: Option<Clock>,
}

/// Returns what kind of run a job file asks for; `None` where it does not say.
#[must_use]
pub fn kind(path: &Path) -> Option<JobKind> {
    let (file, _) = config::read::<JobFile>(path, &mut Problems::default())?;
    Some(file.kind)
}

/// Reads and checks everything a review names.
///
/// # Errors
/// With every problem of every file.
pub fn load(path: &Path, overrides: &Overrides, today: NaiveDate) -> Result<ReviewJob, JobError> {
    // What is wrong with the file itself is told with all that the score job in it finds.
    let read = config::read::<JobFile>(path, &mut Problems::default());
    let mut overrides = overrides.clone();
    let mut missing = Vec::new();
    if let Some((file, source)) = &read {
        let sections = [
            ("outcomes", file.outcomes.is_some()),
            ("review", file.review.is_some()),
        ];
        for (section, _) in sections.into_iter().filter(|(_, is_there)| !is_there) {
            let problem = source.problem(0..0, format!("a review needs a section `{section}`"));
            let help = format!("write [{section}]; jobs/quarterly.toml is an example");
            missing.push(problem.help(help));
        }
        let columns = file.review.iter().flat_map(|review| {
            let texts = review.segments.iter().chain(&review.parent);
            texts.chain(&review.tenure)
        });
        overrides
            .also
            .extend(columns.map(|name| name.get_ref().clone()));
    }
    let (score, mut problems) = match settings::load(path, &overrides, today) {
        Ok(score) => (Some(score), Problems::default()),
        Err(JobError::Problems(found)) => (None, found),
        Err(other) => return Err(other),
    };
    missing
        .into_iter()
        .for_each(|problem| problems.push(problem));
    let Some(mut score) = score else {
        return Err(problems.into());
    };
    let (file, source) = read.expect("a score job could be made of it");
    let (Some(outcomes), Some(review)) = (&file.outcomes, &file.review) else {
        return Err(problems.into());
    };
    if outcomes.lines.is_none() && outcomes.records.is_none() {
        let help = "give [outcomes.lines] over contracts or subscriptions, [outcomes.records] over an outcomes table, or both";
        problems.push(
            source
                .problem(0..0, "nothing says where decisions come from")
                .help(help),
        );
    }
    let resolved = outcomes::resolve(outcomes, &score.contract, &source, &mut problems);
    let acted_on = file.acted_on.as_ref().and_then(|file| {
        let wanted = [("date", Some(&file.date), Wanted::Date)];
        Extract::resolve(&file.from, &wanted, &score.contract, &source, &mut problems)
    });
    let design = design(review, &score, &source, &mut problems);
    let base = path.parent().unwrap_or(Path::new(""));
    let challengers: Vec<HealthModel> = review
        .challengers
        .iter()
        .filter_map(|name| challenger(name, base, &score, &source, &mut problems))
        .collect();
    let Some(outcomes) = resolved.filter(|_| problems.0.is_empty()) else {
        return Err(problems.into());
    };
    let models: Vec<&HealthModel> = std::iter::once(&score.model).chain(&challengers).collect();
    // How far the rules look back counts too: tonight's run reads an export as far as they do, and
    // whether it is fresh hangs on that.
    let mut names = overrides.also.clone();
    names.extend(models.iter().flat_map(|model| model.reads()));
    names.extend(score.model.rules.reads());
    names.extend(score.population.reads());
    let carried = models.iter().flat_map(|model| model.carried()).collect();
    score.plan = Plan::of(&score.catalog, &score.contract, &names, carried);
    let published = review.published.as_ref().and_then(|name| {
        let beside = score.folder.parent()?;
        Some(beside.join(name.get_ref()))
    });
    Ok(ReviewJob {
        score,
        outcomes,
        acted_on,
        design,
        challengers,
        published,
        clock: overrides.clock,
    })
}

fn challenger(
    name: &Text,
    base: &Path,
    score: &ScoreJob,
    source: &Source,
    problems: &mut Problems,
) -> Option<HealthModel> {
    let before = problems.0.len();
    let read = config::read::<ModelFile>(&base.join(name.get_ref()), problems);
    for problem in &mut problems.0[before..] {
        problem
            .place
            .get_or_insert_with(|| (source.clone(), name.span()));
    }
    let (file, own) = read?;
    model::resolve(&file, &own, &score.catalog, problems)
}

fn design(file: &ReviewFile, score: &ScoreJob, source: &Source, problems: &mut Problems) -> Design {
    let mut wrong = |span, title: &str| problems.push(source.problem(span, title));
    let mut share = |written: &Option<Spanned<f64>>, default: f64, what: &str| {
        let value = written.as_ref().map_or(default, |share| *share.get_ref());
        if !(value > 0.0 && value < 1.0) {
            let span = written.as_ref().map_or(0..0, Spanned::span);
            wrong(span, &format!("`{what}` is a share above 0 and below 1"));
        }
        value
    };
    let capacity = share(&file.capacity, 0.1, "capacity");
    let weight_step = share(&file.weight_step, 0.05, "weight_step");
    let threshold_step = file
        .threshold_step
        .as_ref()
        .map_or(5.0, |step| *step.get_ref());
    if threshold_step <= 0.0 {
        let span = file.threshold_step.as_ref().map_or(0..0, Spanned::span);
        wrong(span, "`threshold_step` is a number of points above 0");
    }
    let mut count = |written: &Option<Spanned<u32>>, default: u32, what: &str| {
        let value = written.as_ref().map_or(default, |count| *count.get_ref());
        if value < 100 {
            let span = written.as_ref().map_or(0..0, Spanned::span);
            wrong(span, &format!("`{what}` is a count of at least 100"));
        }
        value as usize
    };
    let resamples = count(&file.resamples, 2_000, "resamples");
    let permutations = count(&file.permutations, 1_000, "permutations");
    let lengths = (file.leads.iter().map(|lead| ("a lead", lead)))
        .chain(file.horizon.iter().map(|horizon| ("the horizon", horizon)));
    for (what, days) in lengths {
        if days.get_ref().0 == 0 {
            let title = format!("{what} of no days leaves nothing to foresee");
            wrong(days.span(), &title);
        }
    }
    let from = file.from.as_ref().and_then(|written| {
        let date = date_of(written.get_ref());
        if date.is_none() {
            let title = format!("{} is not a date", written.get_ref());
            wrong(written.span(), &title);
        }
        date
    });
    let days = |days: &Option<Spanned<DayCount>>| days.as_ref().map(|days| days.get_ref().0);
    let horizon = days(&file.horizon).unwrap_or(90);
    let mut leads: Vec<u32> = file.leads.iter().map(|lead| lead.get_ref().0).collect();
    if leads.is_empty() {
        leads = vec![30, 60, 90, 180];
    }
    leads.sort_unstable();
    leads.dedup();
    let (sampling, leads) = match file.sampling {
        SamplingFile::Renewal => (Sampling::Renewal, leads),
        SamplingFile::Calendar => (Sampling::Calendar { horizon }, vec![horizon]),
    };
    let primary_lead = match sampling {
        Sampling::Renewal => days(&file.primary_lead).unwrap_or(90),
        Sampling::Calendar { horizon } => horizon,
    };
    if !leads.contains(&primary_lead) {
        let span = file.primary_lead.as_ref().map_or(0..0, Spanned::span);
        wrong(
            span,
            &format!("the primary lead of {primary_lead} days is none of `leads`"),
        );
    }
    names(file, score, source, problems);
    let texts = |texts: &[Text]| texts.iter().map(|text| text.get_ref().clone()).collect();
    Design {
        sampling,
        leads,
        primary_lead,
        from,
        segments: texts(&file.segments),
        tenure: file.tenure.as_ref().map(|tenure| tenure.get_ref().clone()),
        parent: file.parent.as_ref().map(|parent| parent.get_ref().clone()),
        proximity: texts(&file.proximity),
        timing: (score.model.metrics())
            .filter_map(|(_, _, _, metric)| {
                let measure = score.catalog.measures.get(&metric.measure)?;
                Some((metric.id.clone(), measure.timing?))
            })
            .collect(),
        capacity,
        gap_days: file.gap.map_or(0, |gap| gap.0 as i32),
        resamples,
        permutations,
        seed: file.seed.unwrap_or(1),
        weight_step,
        threshold_step,
    }
}

/// Checks that the columns and metrics a review names are there.
fn names(file: &ReviewFile, score: &ScoreJob, source: &Source, problems: &mut Problems) {
    let accounts = &score.contract.tables[ACCOUNTS];
    // Numbers cut nothing: each would be a slice of its own.
    let words = (score.catalog.measures.values()).filter(|measure| !measure.kind.is_number());
    let words: Vec<&str> = words.map(|measure| measure.name.as_str()).collect();
    for name in file.segments.iter().chain(&file.parent) {
        let columns = accounts.columns.keys().map(String::as_str);
        let valid: Vec<&str> = columns.chain(words.iter().copied()).collect();
        if !valid.contains(&name.get_ref().as_str()) {
            let title =
                format!("`{name}` is no column of `accounts` and no measure that is a text");
            let problem: Problem = source.problem(name.span(), title);
            problems.push(problem.nearest(name.get_ref(), valid));
        }
    }
    if let Some(name) = &file.tenure
        && !score.catalog.measures.contains_key(name.get_ref())
    {
        let title = format!("there is no measure `{name}`");
        let valid = score.catalog.measures.keys().map(String::as_str);
        let problem = source.problem(name.span(), title);
        problems.push(problem.nearest(name.get_ref(), valid));
    }
    if let Some(name) = &file.published
        && (name.get_ref().contains(['/', '\\']) || name.get_ref().starts_with('.'))
    {
        let title = format!("`{name}` is no name of a job");
        let help =
            "give the name of the job's file without .toml; its folder lies beside this job's";
        problems.push(source.problem(name.span(), title).help(help));
    }
    for name in &file.proximity {
        let ids: Vec<&str> = score
            .model
            .metrics()
            .map(|(_, _, _, metric)| metric.id.as_str())
            .collect();
        if !ids.contains(&name.get_ref().as_str()) {
            let problem = source.problem(name.span(), format!("the model has no metric `{name}`"));
            problems.push(problem.nearest(name.get_ref(), ids));
        }
    }
}
