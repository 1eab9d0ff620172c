//! From a model as written to the model as meant; the only place that applies defaults.

use indexmap::IndexMap;

use super::curve::Curve;
use super::file::{BandFile, Better, CurveFile, MissingFile, ModelFile, Text, VariantFile};
use super::health_model::{
    About, Band, Bound, Card, Category, CategoryCard, Condition, Effect, HealthModel, Limit,
    Metric, MetricCard, Override, Variant,
};
use super::reading;
use super::rules;
use crate::config::{Problems, Source, Span, Spanned, date_of};
use crate::formula::Kind;
use crate::measures::catalog::Catalog;
use crate::measures::formulas::Formulas;

/// How far from one a sum of weights may be.
const WEIGHT_TOLERANCE: f64 = 1e-9;

/// Resolves a model against the measures at hand; `None` when anything is wrong with it.
pub fn resolve(
    file: &ModelFile,
    source: &Source,
    catalog: &Catalog,
    problems: &mut Problems,
) -> Option<HealthModel> {
    let before = problems.0.len();
    let resolver = Resolver {
        file,
        source,
        catalog,
    };
    let scale = resolver.scale(problems);
    let decimals = resolver.decimals(problems);
    let bands = resolver.bands(decimals, problems);
    let (categories, first_card) = resolver.categories(scale, &bands, problems);
    let mut cards = vec![first_card];
    let variants = resolver.variants(&categories, &bands, scale, decimals, &mut cards, problems);
    let limits = resolver.limits(decimals, problems);
    let coverage_floor = resolver.share(
        file.coverage_floor.as_ref(),
        0.5,
        "coverage_floor",
        problems,
    );
    let reading = reading::resolve(file, &resolver, &categories, problems);
    let by_hand = resolver.by_hand(problems);
    let rules = rules::resolve(
        file,
        resolver.formulas(),
        &rules::Parts {
            bands: bands.iter().map(|(band, _)| band).collect(),
            categories: &categories,
            limits: &limits,
        },
        problems,
    );
    let mut model = HealthModel {
        name: file.name.get_ref().clone(),
        version: file.version.clone(),
        about: About {
            title: file
                .title
                .clone()
                .unwrap_or_else(|| file.name.get_ref().clone()),
            owner: file.owner.clone(),
            effective_date: file.effective_date.as_ref().and_then(date_of),
            review_cycle: file.review_cycle.clone(),
            status: file.status.clone(),
            changes: file
                .changes
                .iter()
                .filter_map(|change| {
                    Some((
                        date_of(&change.date)?,
                        change.what.clone(),
                        change.review.clone(),
                    ))
                })
                .collect(),
        },
        decimals,
        scale,
        coverage_floor,
        reading,
        bands: bands.into_iter().map(|(band, _)| band).collect(),
        categories,
        limits,
        variants,
        cards,
        by_hand,
        rules,
        measures: IndexMap::new(),
        currency: catalog.scope.currency.clone(),
        text: source.text.clone(),
    };
    if problems.0.len() > before {
        return None;
    }
    let mut names = catalog.closure(&model.reads());
    names.sort();
    model.measures = names
        .into_iter()
        .filter_map(|name| {
            catalog
                .measures
                .get(&name)
                .map(|measure| (name, measure.written.clone()))
        })
        .collect();
    Some(model)
}

pub(super) struct Resolver<'a> {
    file: &'a ModelFile,
    pub(super) source: &'a Source,
    catalog: &'a Catalog,
}

impl Resolver<'_> {
    fn scale(&self, problems: &mut Problems) -> [f64; 2] {
        let Some(scale) = &self.file.scale else {
            return [0.0, 100.0];
        };
        let [lowest, highest] = *scale.get_ref();
        if lowest < 0.0 || highest <= lowest || !highest.is_finite() {
            problems.push(
                self.source
                    .problem(
                        scale.span(),
                        "a scale is its lowest and highest score, neither below zero",
                    )
                    .help("such as `scale = [0, 100]` or `scale = [1, 5]`"),
            );
            return [0.0, 100.0];
        }
        [lowest, highest]
    }

    fn decimals(&self, problems: &mut Problems) -> u32 {
        match &self.file.decimals {
            None => 1,
            Some(decimals) if *decimals.get_ref() <= 3 => *decimals.get_ref(),
            Some(decimals) => {
                problems.push(self.source.problem(
                    decimals.span(),
                    format!("a score is shown with 0 to 3 decimals, found {decimals}"),
                ));
                1
            }
        }
    }

    fn share(
        &self,
        share: Option<&Spanned<f64>>,
        default: f64,
        key: &str,
        problems: &mut Problems,
    ) -> f64 {
        let Some(share) = share else { return default };
        if !(0.0..=1.0).contains(share.get_ref()) {
            problems.push(
                self.source
                    .problem(
                        share.span(),
                        format!("`{key}` is a share from 0 to 1, found {share}"),
                    )
                    .help("a percentage is divided by a hundred: 65 % is 0.65"),
            );
        }
        *share.get_ref()
    }

    /// Checks that the bands, from the top down, cover the scale once.
    fn bands(&self, decimals: u32, problems: &mut Problems) -> Vec<(Band, f64)> {
        let bands: Vec<&BandFile> = self.file.bands.iter().collect();
        if bands.is_empty() {
            problems.push(
                self.source
                    .problem(0..0, "the model has no bands")
                    .help("add [[bands]] with `label` and `from`"),
            );
        }
        for pair in bands.windows(2) {
            let (upper, lower) = (pair[0], pair[1]);
            if upper.from.get_ref() <= lower.from.get_ref() {
                let title = format!(
                    "bands `{}` and `{}` overlap: the upper one begins at {}, the lower one at {}",
                    upper.label, lower.label, upper.from, lower.from
                );
                let help = "write bands from the top down; each reaches from its `from` up to the one above it";
                problems.push(self.source.problem(lower.from.span(), title).help(help));
            }
            if let Some(below) = &lower.below
                && below.get_ref() != upper.from.get_ref()
            {
                let what = if below.get_ref() > upper.from.get_ref() {
                    "overlap"
                } else {
                    "leave a gap"
                };
                problems.push(
                    self.source
                        .problem(below.span(), format!("bands `{}` and `{}` {what}: one ends below {below}, the other begins at {}", lower.label, upper.label, upper.from))
                        .help("leave `below` out; a band reaches up to the next one")
                        .of_whole(),
                );
            }
        }
        for (n, band) in bands.iter().enumerate() {
            if bands[..n]
                .iter()
                .any(|other| other.label.get_ref() == band.label.get_ref())
            {
                problems.push(self.source.problem(
                    band.label.span(),
                    format!("two bands are called `{}`", band.label),
                ));
            }
            self.on_grid(*band.from.get_ref(), band.from.span(), decimals, problems);
        }
        if let Some(lowest) = bands.last().filter(|band| *band.from.get_ref() != 0.0) {
            problems.push(
                self.source
                    .problem(
                        lowest.from.span(),
                        format!("no band holds a score below {}", lowest.from),
                    )
                    .help("the lowest band begins at 0")
                    .of_whole(),
            );
        }
        bands
            .into_iter()
            .map(|band| {
                (
                    Band {
                        label: band.label.get_ref().clone(),
                        action: band.action.clone(),
                        at_risk: band.at_risk,
                    },
                    *band.from.get_ref(),
                )
            })
            .collect()
    }

    /// A threshold between two shown scores would put equal-looking scores into different bands.
    fn on_grid(&self, points: f64, span: Span, decimals: u32, problems: &mut Problems) {
        let steps = points * 10f64.powi(decimals as i32);
        if !(0.0..=100.0).contains(&points) || (steps - steps.round()).abs() > 1e-6 {
            problems.push(
                self.source
                    .problem(
                        span,
                        format!(
                            "{points} is not a score that can be shown with {decimals} decimals"
                        ),
                    )
                    .help("bands, caps and floors lie from 0 to 100, on the grid of shown scores"),
            );
        }
    }

    fn categories(
        &self,
        scale: [f64; 2],
        bands: &[(Band, f64)],
        problems: &mut Problems,
    ) -> (Vec<Category>, Card) {
        let mut categories = Vec::new();
        let mut cards = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        for (id, written) in &self.file.categories {
            let mut metrics = Vec::new();
            let mut metric_cards = Vec::new();
            for (metric_id, metric) in &written.metrics {
                if seen.contains(&metric_id.get_ref().as_str()) {
                    problems.push(
                        self.source
                            .problem(
                                metric_id.span(),
                                format!("two metrics are called `{metric_id}`"),
                            )
                            .help("names of metrics are unique in a model"),
                    );
                }
                seen.push(metric_id.get_ref());
                self.weight(&metric.weight, problems);
                let measure = metric.measure.as_ref().unwrap_or(metric_id);
                let kind = self.named(measure, &format!("metric `{metric_id}`"), problems);
                let better = self.better(metric_id, measure, metric.better, problems);
                // A map has no direction, whatever its values say about health.
                let way =
                    better.filter(|_| metric.better.is_some() || kind.is_none_or(Kind::is_number));
                let curve = self.curve(&metric.curve, scale, way, kind, problems);
                if let MissingFile::Neutral(score) = metric.missing
                    && !(scale[0]..=scale[1]).contains(&score)
                {
                    problems.push(self.source.problem(
                        metric_id.span(),
                        format!(
                            "the neutral score {score} of `{metric_id}` is outside the scale of {} to {}",
                            scale[0], scale[1]
                        ),
                    ));
                }
                metrics.push(Metric {
                    id: metric_id.get_ref().clone(),
                    title: metric
                        .title
                        .clone()
                        .or_else(|| {
                            self.catalog
                                .measures
                                .get(measure.get_ref())
                                .map(|measure| measure.label.clone())
                        })
                        .unwrap_or_else(|| metric_id.get_ref().clone()),
                    measure: measure.get_ref().clone(),
                    is_number: kind.is_none_or(Kind::is_number),
                    better,
                    missing: metric.missing,
                    applies_when: metric
                        .applies_when
                        .as_ref()
                        .and_then(|text| self.condition(text, "applies_when", problems)),
                });
                metric_cards.push(MetricCard {
                    weight: *metric.weight.get_ref(),
                    curve: curve.unwrap_or(Curve::Steps(Vec::new())),
                    target: metric.target,
                });
            }
            self.weight(&written.weight, problems);
            let sum: f64 = metric_cards.iter().map(|card| card.weight).sum();
            self.sums_to_one(sum, id.span(), &format!("the metrics of `{id}`"), problems);
            categories.push(Category {
                id: id.get_ref().clone(),
                title: written
                    .title
                    .clone()
                    .unwrap_or_else(|| id.get_ref().replace('_', " ")),
                questions: written.questions.clone(),
                metrics,
            });
            cards.push(CategoryCard {
                weight: *written.weight.get_ref(),
                metrics: metric_cards,
            });
        }
        let sum: f64 = cards.iter().map(|card| card.weight).sum();
        let place = self
            .file
            .categories
            .values()
            .next()
            .map_or(0..0, |category| category.weight.span());
        self.sums_to_one(sum, place, "the categories", problems);
        (
            categories,
            Card {
                band_from: bands.iter().map(|(_, from)| *from).collect(),
                categories: cards,
            },
        )
    }

    /// Returns which way a metric is better: as it says, or as its measure does.
    fn better(
        &self,
        metric: &Text,
        measure: &Text,
        written: Option<Better>,
        problems: &mut Problems,
    ) -> Option<Better> {
        let of_measure = self.catalog.measures.get(measure.get_ref());
        let of_measure = of_measure.and_then(|measure| measure.better);
        if let (Some(written), Some(of_measure)) = (written, of_measure)
            && written != of_measure
        {
            let title = format!(
                "`{metric}` says better = \"{written}\", and its measure `{measure}` is better {of_measure}"
            );
            problems.push(
                self.source
                    .problem(metric.span(), title)
                    .help("take `better` away here, or change it in the measures file"),
            );
        }
        written.or(of_measure)
    }

    fn weight(&self, weight: &Spanned<f64>, problems: &mut Problems) {
        if !(0.0..=1.0).contains(weight.get_ref()) {
            problems.push(self.source.problem(
                weight.span(),
                format!("a weight is a share from 0 to 1, found {weight}"),
            ));
        }
    }

    fn sums_to_one(&self, sum: f64, span: Span, whose: &str, problems: &mut Problems) {
        if (sum - 1.0).abs() > WEIGHT_TOLERANCE {
            let shown = (sum * 1e6).round() / 1e6;
            problems.push(
                self.source
                    .problem(
                        span,
                        format!("the weights of {whose} sum to {shown}, expected 1"),
                    )
                    .help(format!(
                        "{} {} in all",
                        if sum < 1.0 { "add" } else { "take away" },
                        ((sum - 1.0).abs() * 1e6).round() / 1e6
                    ))
                    .of_whole(),
            );
        }
    }

    /// Returns the type of a measure, or reports why there is none for whoever names it.
    fn named(&self, name: &Text, whose: &str, problems: &mut Problems) -> Option<Kind> {
        let catalog = self.catalog;
        if let Some(measure) = catalog.measures.get(name.get_ref()) {
            return Some(measure.kind);
        }
        if let Some(reason) = catalog.unavailable.get(name.get_ref()) {
            problems.push(
                self.source
                    .problem(name.span(), format!("{whose} cannot be computed: {reason}"))
                    .help("configure the export, or take this out of the model"),
            );
            return None;
        }
        if !catalog.declared.contains(name.get_ref()) {
            let names = catalog.measures.keys().map(String::as_str);
            problems.push(
                self.source
                    .problem(
                        name.span(),
                        format!(
                            "there is no measure `{name}` in {}",
                            catalog.source.path.display()
                        ),
                    )
                    .nearest(name.get_ref(), names),
            );
        }
        None
    }

    fn curve(
        &self,
        file: &Spanned<CurveFile>,
        scale: [f64; 2],
        better: Option<Better>,
        kind: Option<Kind>,
        problems: &mut Problems,
    ) -> Option<Curve> {
        match Curve::resolve(file.get_ref(), scale, better) {
            Ok(curve) => {
                if let Some(kind) = kind.filter(|kind| !curve.fits(*kind)) {
                    let help = if kind.is_number() {
                        "numbers take `points`, `steps` or `percentile`"
                    } else {
                        "text and true/false take a `map`; a number that the export stores as text needs CAST(… AS DOUBLE)"
                    };
                    problems.push(
                        self.source
                            .problem(file.span(), format!("this curve cannot score a {kind}"))
                            .help(help),
                    );
                }
                Some(curve)
            }
            Err(error) => {
                problems.push(self.source.problem(file.span(), format!("curve: {error}")));
                None
            }
        }
    }

    pub(super) fn condition(
        &self,
        text: &Text,
        key: &str,
        problems: &mut Problems,
    ) -> Option<Condition> {
        Some(Condition {
            expr: self.formulas().condition(text, key, problems)?,
            written: text.get_ref().clone(),
        })
    }

    fn formulas(&self) -> Formulas<'_> {
        Formulas {
            source: self.source,
            catalog: self.catalog,
        }
    }

    /// Reports a category that is not there.
    pub(super) fn category(&self, id: &Text, categories: &[Category], problems: &mut Problems) {
        if !categories
            .iter()
            .any(|category| category.id == *id.get_ref())
        {
            let names = categories.iter().map(|category| category.id.as_str());
            let problem = self
                .source
                .problem(id.span(), format!("there is no category `{id}`"));
            problems.push(problem.nearest(id.get_ref(), names));
        }
    }

    /// Checks where scores that somebody sets by hand come from.
    fn by_hand(&self, problems: &mut Problems) -> Option<Override> {
        let written = self.file.by_hand.as_ref()?;
        let mut named = |name: &Text, key: &str, fits: &dyn Fn(Kind) -> bool, what: &str| {
            if let Some(kind) = self.named(name, &format!("`{key}` of [override]"), problems)
                && !fits(kind)
            {
                let title = format!("`{key}` of [override] is {what}, found a {kind}");
                problems.push(self.source.problem(name.span(), title));
            }
            name.get_ref().clone()
        };
        let is_text = |kind| matches!(kind, Kind::Text | Kind::Null);
        Some(Override {
            score: named(&written.score, "score", &Kind::is_number, "a number"),
            author: named(&written.author, "author", &is_text, "text"),
            reason: named(&written.reason, "reason", &is_text, "text"),
            expires_on: named(
                &written.expires_on,
                "expires_on",
                &|kind| matches!(kind, Kind::Date | Kind::Null),
                "a date",
            ),
            warn_share: self.share(written.warn_share.as_ref(), 0.05, "warn_share", problems),
        })
    }

    fn limits(&self, decimals: u32, problems: &mut Problems) -> Vec<Limit> {
        let caps = self.file.caps.iter().map(|cap| {
            (
                &cap.id,
                &cap.when,
                Bound::AtMost(*cap.at_most.get_ref()),
                cap.at_most.span(),
                &cap.reason,
            )
        });
        let floors = self.file.floors.iter().map(|floor| {
            (
                &floor.id,
                &floor.when,
                Bound::AtLeast(*floor.at_least.get_ref()),
                floor.at_least.span(),
                &floor.reason,
            )
        });
        let mut limits: Vec<Limit> = Vec::new();
        for (id, when, bound, span, reason) in caps.chain(floors) {
            let (Bound::AtMost(points) | Bound::AtLeast(points)) = bound;
            // A limit between two shown scores could round across the band it guards.
            self.on_grid(points, span, decimals, problems);
            if limits.iter().any(|limit| limit.id == *id.get_ref()) {
                problems.push(
                    self.source
                        .problem(id.span(), format!("two caps or floors are called `{id}`")),
                );
            }
            if let Some(when) = self.condition(when, "when", problems) {
                limits.push(Limit {
                    id: id.get_ref().clone(),
                    when,
                    bound,
                    reason: reason.clone(),
                });
            }
        }
        limits
    }

    fn variants(
        &self,
        categories: &[Category],
        bands: &[(Band, f64)],
        scale: [f64; 2],
        decimals: u32,
        cards: &mut Vec<Card>,
        problems: &mut Problems,
    ) -> Vec<Variant> {
        let mut variants: Vec<Variant> = Vec::new();
        for written in &self.file.variants {
            if variants
                .iter()
                .any(|variant| variant.id == *written.id.get_ref())
            {
                problems.push(self.source.problem(
                    written.id.span(),
                    format!("two variants are called `{}`", written.id),
                ));
            }
            let changes_nothing = written.weights.is_empty()
                && written.metrics.is_empty()
                && written.bands.is_empty();
            let effect = match &written.no_scorecard {
                Some(reason) => {
                    if !changes_nothing {
                        problems.push(
                            self.source
                                .problem(written.id.span(), format!("variant `{}` says that no scorecard applies and changes one", written.id))
                                .help("keep either `no_scorecard` or the changes"),
                        );
                    }
                    Effect::NoScorecard(reason.clone())
                }
                None => {
                    cards.push(self.variant_card(
                        written, &cards[0], categories, bands, scale, decimals, problems,
                    ));
                    Effect::Card(cards.len() - 1)
                }
            };
            if let Some(when) = self.condition(&written.when, "when", problems) {
                variants.push(Variant {
                    id: written.id.get_ref().clone(),
                    when,
                    effect,
                });
            }
        }
        variants
    }

    #[allow(clippy::too_many_arguments)]
    fn variant_card(
        &self,
        written: &VariantFile,
        base: &Card,
        categories: &[Category],
        bands: &[(Band, f64)],
        scale: [f64; 2],
        decimals: u32,
        problems: &mut Problems,
    ) -> Card {
        let mut card = base.clone();
        for (id, weight) in &written.weights {
            match categories
                .iter()
                .position(|category| category.id == *id.get_ref())
            {
                Some(n) => card.categories[n].weight = *weight,
                None => {
                    let names = categories.iter().map(|category| category.id.as_str());
                    problems.push(
                        self.source
                            .problem(id.span(), format!("there is no category `{id}`"))
                            .nearest(id.get_ref(), names),
                    );
                }
            }
        }
        let sum: f64 = card.categories.iter().map(|category| category.weight).sum();
        self.sums_to_one(
            sum,
            written.id.span(),
            &format!("the categories in variant `{}`", written.id),
            problems,
        );
        for (id, change) in &written.metrics {
            let place = categories.iter().enumerate().find_map(|(c, category)| {
                category
                    .metrics
                    .iter()
                    .position(|metric| metric.id == *id.get_ref())
                    .map(|m| (c, m, &category.metrics[m]))
            });
            let Some((c, m, metric)) = place else {
                let names = categories
                    .iter()
                    .flat_map(|category| &category.metrics)
                    .map(|metric| metric.id.as_str());
                problems.push(
                    self.source
                        .problem(id.span(), format!("there is no metric `{id}`"))
                        .nearest(id.get_ref(), names),
                );
                continue;
            };
            let target = &mut card.categories[c].metrics[m];
            target.weight = change.weight.unwrap_or(target.weight);
            target.target = change.target.or(target.target);
            if let Some(curve) = &change.curve {
                let kind = self
                    .catalog
                    .measures
                    .get(&metric.measure)
                    .map(|measure| measure.kind);
                let way = metric.better.filter(|_| kind.is_none_or(Kind::is_number));
                if let Some(curve) = self.curve(curve, scale, way, kind, problems) {
                    target.curve = curve;
                }
            }
        }
        for (category, card) in categories.iter().zip(&card.categories) {
            let sum: f64 = card.metrics.iter().map(|metric| metric.weight).sum();
            let touched = written.metrics.iter().find(|(id, _)| {
                category
                    .metrics
                    .iter()
                    .any(|metric| metric.id == *id.get_ref())
            });
            if let Some((id, _)) = touched {
                self.sums_to_one(
                    sum,
                    id.span(),
                    &format!(
                        "the metrics of `{}` in variant `{}`",
                        category.id, written.id
                    ),
                    problems,
                );
            }
        }
        for (label, from) in &written.bands {
            match bands
                .iter()
                .position(|(band, _)| band.label == *label.get_ref())
            {
                Some(n) => {
                    self.on_grid(*from, label.span(), decimals, problems);
                    card.band_from[n] = *from;
                }
                None => {
                    let names = bands.iter().map(|(band, _)| band.label.as_str());
                    problems.push(
                        self.source
                            .problem(label.span(), format!("there is no band `{label}`"))
                            .nearest(label.get_ref(), names),
                    );
                }
            }
        }
        if !card.band_from.windows(2).all(|pair| pair[0] > pair[1])
            || card.band_from.last().is_some_and(|from| *from != 0.0)
        {
            problems.push(self.source.problem(
                written.id.span(),
                format!(
                    "the bands of variant `{}` overlap or do not begin at 0",
                    written.id
                ),
            ));
        }
        card
    }
}
