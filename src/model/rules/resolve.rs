//! From rules as written to rules as meant; the only place that applies their defaults.

use std::ops::Range;

use indexmap::IndexMap;

use super::file::{Each, FactsFile, OpportunityFile, PlayFile, Role, Severity, SignalFile};
use super::template::{self, Format, Part, Piece, Template};
use super::words::Word;
use super::{Amount, Facts, OVERALL, Opportunity, Play, Rules, Signal, Task};
use crate::config::{Problem, Problems, Spanned};
use crate::formula::{Comparison, Expr, Kind, Literal, Node, Scope, contradict, imply};
use crate::measures::formulas::Formulas;
use crate::model::file::{ModelFile, Text};
use crate::model::health_model::{Band, Bound, Category, Condition, Limit};

/// What the rest of the model has, for rules to speak of.
pub(in crate::model) struct Parts<'a> {
    pub bands: Vec<&'a Band>,
    pub categories: &'a [Category],
    pub limits: &'a [Limit],
}

/// Working days after the due date on which to look again, unless a rule says otherwise.
const CHECK_DAYS: u32 = 5;
/// The longest time a task may take in working days; what takes longer is due before renewal.
const LONGEST: u32 = 20;

/// Resolves the rules of a model against its scores and the measures at hand.
pub(in crate::model) fn resolve(
    file: &ModelFile,
    formulas: Formulas<'_>,
    parts: &Parts<'_>,
    problems: &mut Problems,
) -> Rules {
    let mut resolver = Resolver {
        formulas,
        parts,
        scope: formulas.catalog.scope.clone(),
        facts: Facts::default(),
    };
    resolver.facts = resolver.facts(&file.follow_up, problems);
    resolver.add_words(file, problems);
    let mut rules = Rules {
        signals: resolver.signals(&file.signals, problems),
        opportunities: resolver.opportunities(&file.opportunities, problems),
        plays: resolver.plays(&file.actions, problems),
        facts: resolver.facts.clone(),
        words: IndexMap::new(),
    };
    rules.words = resolver.words_of(&rules);
    rules
}

struct Resolver<'a> {
    formulas: Formulas<'a>,
    parts: &'a Parts<'a>,
    /// Measures, account columns, and words for scores.
    scope: Scope,
    facts: Facts,
}

/// The names that a rule has, beside all others, for what it is repeated for.
type Own = Vec<(&'static str, Expr)>;

/// One rule out of a signal as written: of the whole, of one category, of one cap.
struct Instance {
    category: String,
    own: Own,
    /// What must hold whatever the rule says.
    given: Option<Condition>,
}

impl Resolver<'_> {
    fn problem(&self, span: Range<usize>, title: impl Into<String>) -> Problem {
        self.formulas.source.problem(span, title)
    }

    // --- names -------------------------------------------------------------------------------

    fn word(&self, name: &str) -> Option<Word> {
        Word::find(name, self.parts.categories, self.parts.limits)
    }

    /// Adds the words that need no comparison; one name must mean one thing.
    fn add_words(&mut self, file: &ModelFile, problems: &mut Problems) {
        self.scope.of = "the list of measures, account columns and scores".into();
        for name in Word::names(self.parts.categories, self.parts.limits) {
            let is_taken = self.scope.columns.contains_key(&name);
            if let (true, Some(signal)) = (is_taken, file.signals.first()) {
                let title =
                    format!("`{name}` is a measure or account column, and a score's name in rules");
                problems.push(
                    self.problem(signal.id.span(), title)
                        .help("give the measure another name"),
                );
            }
            if let Some(word) = self.word(&name) {
                self.scope.columns.insert(name, word.kind());
            }
        }
    }

    /// Adds the words with a comparison as they are met: there is one for every number of days.
    fn learn(&mut self, names: &[String]) {
        for name in names {
            if !self.scope.columns.contains_key(name)
                && let Some(word) = self.word(name)
            {
                self.scope.columns.insert(name.clone(), word.kind());
            }
        }
    }

    /// Returns the words that the rules use.
    fn words_of(&self, rules: &Rules) -> IndexMap<String, Word> {
        let catalog = &self.formulas.catalog.scope.columns;
        rules
            .expressions()
            .flat_map(Expr::columns)
            .filter(|name| !catalog.contains_key(*name))
            .filter_map(|name| Some((name.to_owned(), self.word(name)?)))
            .collect()
    }

    fn spoken(&self, name: &str) -> Expr {
        let kind = self.word(name).map_or(Kind::Null, |word| word.kind());
        expr(Node::Column(name.to_owned()), kind)
    }

    // --- signals -----------------------------------------------------------------------------

    fn signals(&mut self, files: &[SignalFile], problems: &mut Problems) -> Vec<Signal> {
        self.unique(files.iter().map(|file| &file.id), "signals", problems);
        let mut signals = Vec::new();
        for file in files {
            let before = problems.0.len();
            for instance in self.instances(file, problems) {
                if problems.0.len() == before {
                    // Otherwise the next instance would only repeat the same mistake.
                    signals.extend(self.signal(file, instance, problems));
                }
            }
        }
        signals
    }

    fn signal(
        &mut self,
        file: &SignalFile,
        instance: Instance,
        problems: &mut Problems,
    ) -> Option<Signal> {
        let own = &instance.own;
        let when = self.fires(file, &instance, problems);
        let severity_when = match &when {
            Some(when) => self.severities(file, when, own, problems),
            None => Vec::new(),
        };
        let evidence = self.evidence(&file.evidence, own, problems);
        let task = self.task(&Duty::of(file), problems);
        Some(Signal {
            id: file.id.get_ref().clone(),
            title: file.title.clone(),
            category: instance.category,
            when: when?,
            severity_when,
            severity: *file.severity.get_ref(),
            evidence: evidence?,
            task,
        })
    }

    /// Returns what a signal as written stands for.
    fn instances(&self, file: &SignalFile, problems: &mut Problems) -> Vec<Instance> {
        if let Some(category) = &file.category {
            self.known_category(category, problems);
        }
        let category = file.category.as_ref().map(|name| name.get_ref().clone());
        match file.each.as_ref().map(Spanned::get_ref) {
            None => vec![Instance {
                category: category.unwrap_or_else(|| OVERALL.to_owned()),
                own: Own::new(),
                given: None,
            }],
            Some(Each::Category) => {
                if let Some(category) = &file.category {
                    let title = "a rule for each category belongs to that category";
                    problems.push(
                        self.problem(category.span(), title)
                            .help("take this key away"),
                    );
                }
                let of = |category: &Category| self.of_category(category);
                self.parts.categories.iter().map(of).collect()
            }
            Some(Each::Cap) => {
                let category = category.unwrap_or_else(|| OVERALL.to_owned());
                let of = |limit: &Limit| self.of_cap(limit, &category);
                self.parts.limits.iter().filter_map(of).collect()
            }
        }
    }

    fn of_category(&self, category: &Category) -> Instance {
        let of = |part: &str| self.spoken(&format!("{}.{part}", category.id));
        Instance {
            category: category.id.clone(),
            own: vec![
                ("category.title", text(&category.title)),
                ("category.score", of("score")),
                ("category.fall", of("fall")),
                ("category.contradicts", of("contradicts")),
            ],
            given: None,
        }
    }

    fn of_cap(&self, limit: &Limit, category: &str) -> Option<Instance> {
        let Bound::AtMost(points) = limit.bound else {
            return None;
        };
        let name = format!("cap.{}", limit.id);
        Some(Instance {
            category: category.to_owned(),
            own: vec![
                ("cap.id", text(&limit.id)),
                ("cap.reason", text(&limit.reason)),
                (
                    "cap.at_most",
                    expr(Node::Literal(Literal::Float(points)), Kind::Float),
                ),
            ],
            given: Some(Condition {
                expr: self.spoken(&name),
                written: name,
            }),
        })
    }

    /// Returns the condition of a signal, together with what holds for the instance anyway.
    fn fires(
        &mut self,
        file: &SignalFile,
        instance: &Instance,
        problems: &mut Problems,
    ) -> Option<Condition> {
        let written = match &file.when {
            Some(when) => Some(self.condition(when, "when", &instance.own, problems)?),
            None => None,
        };
        let when = match (&instance.given, written) {
            (None, None) => {
                let title = format!("signal `{}` has no condition", file.id);
                problems.push(
                    self.problem(file.id.span(), title)
                        .label("needs `when = …`"),
                );
                return None;
            }
            (None, Some(when)) => when,
            (Some(given), None) => given.clone(),
            (Some(given), Some(when)) => Condition {
                written: format!("{} AND ({})", given.written, when.written),
                expr: expr(
                    Node::And(given.expr.clone().into(), when.expr.into()),
                    Kind::Boolean,
                ),
            },
        };
        if contradict(&[&when.expr]) {
            let span = file.when.as_ref().unwrap_or(&file.id).span();
            let title = format!(
                "signal `{}` can never fire: nothing fulfils its condition",
                file.id
            );
            problems.push(self.problem(span, title));
        }
        Some(when)
    }

    /// Resolves severities with conditions; each of them, and the one that is left, must be able
    /// to come about.
    fn severities(
        &mut self,
        file: &SignalFile,
        when: &Condition,
        own: &Own,
        problems: &mut Problems,
    ) -> Vec<(Severity, Condition)> {
        let mut known: Vec<(Severity, Condition)> = Vec::new();
        for (severity, text) in &file.severity_when {
            let severity = *severity.get_ref();
            let Some(condition) = self.condition(text, "severity_when", own, problems) else {
                continue;
            };
            let here = [&when.expr, &condition.expr];
            let earlier = known
                .iter()
                .find(|(_, earlier)| imply(&here, &earlier.expr));
            let why = if contradict(&here) {
                Some("the signal does not fire where this holds".to_owned())
            } else if let Some((earlier, condition)) = earlier {
                let (earlier, condition) = (earlier.word(), &condition.written);
                Some(format!(
                    "wherever this holds, so does `{condition}`, which makes it {earlier}"
                ))
            } else if severity == *file.severity.get_ref() {
                Some("it is the severity of the signal anyway; take this away".to_owned())
            } else {
                None
            };
            if let Some(why) = why {
                problems.push(self.out_of_reach(file, severity, text.span(), why));
            }
            known.push((severity, condition));
        }
        let always = known
            .iter()
            .find(|(_, each)| imply(&[&when.expr], &each.expr));
        if let Some((severity, condition)) = always {
            let (severity, condition) = (severity.word(), &condition.written);
            let why = format!("wherever it fires, `{condition}` holds, which makes it {severity}");
            let span = file.severity.span();
            problems.push(self.out_of_reach(file, *file.severity.get_ref(), span, why));
        }
        known
    }

    fn out_of_reach(
        &self,
        file: &SignalFile,
        severity: Severity,
        span: Range<usize>,
        why: String,
    ) -> Problem {
        let title = format!("signal `{}` is never {} here", file.id, severity.word());
        self.problem(span, title).label("out of reach").help(why)
    }

    // --- opportunities and plays ---------------------------------------------------------------

    fn opportunities(
        &mut self,
        files: &[OpportunityFile],
        problems: &mut Problems,
    ) -> Vec<Opportunity> {
        self.unique(files.iter().map(|file| &file.id), "opportunities", problems);
        let resolved = files
            .iter()
            .filter_map(|file| self.opportunity(file, problems));
        resolved.collect()
    }

    fn opportunity(
        &mut self,
        file: &OpportunityFile,
        problems: &mut Problems,
    ) -> Option<Opportunity> {
        let own = Own::new();
        let when = self.condition(&file.when, "when", &own, problems);
        let evidence = self.evidence(&file.evidence, &own, problems);
        let value = file
            .value
            .as_ref()
            .and_then(|text| self.amount(text, problems));
        let due_days = self.days(&file.due_days, "due_days", problems);
        Some(Opportunity {
            id: file.id.get_ref().clone(),
            title: file.title.clone(),
            kind: file.kind,
            when: when?,
            evidence: evidence?,
            value,
            next_step: file.next_step.clone(),
            owner: file.owner,
            due_days,
        })
    }

    fn amount(&mut self, text: &Text, problems: &mut Problems) -> Option<Amount> {
        let expr = self.expression(text, 0..text.get_ref().len(), &Own::new(), problems)?;
        if !expr.kind.is_number() {
            let title = format!("`value` needs an amount, found a {}", expr.kind);
            problems.push(self.problem(text.span(), title));
        }
        self.known_currency(text.span(), problems);
        Some(Amount {
            written: text.get_ref().clone(),
            expr,
        })
    }

    fn plays(&self, files: &[PlayFile], problems: &mut Problems) -> Vec<Play> {
        let mut plays: Vec<Play> = Vec::new();
        for file in files {
            self.known_band(file.band.get_ref(), file.band.span(), problems);
            if let Some(weakest) = &file.weakest {
                self.known_category(weakest, problems);
            }
            let play = Play {
                band: file.band.get_ref().clone(),
                weakest: file.weakest.as_ref().map(|name| name.get_ref().clone()),
                task: self.task(&Duty::of_play(file), problems),
            };
            if plays.iter().any(|earlier| earlier.covers(&play)) {
                let title = format!(
                    "an earlier action is taken for all of these accounts in band `{}`",
                    file.band
                );
                let help = "an action without `weakest` stands behind the others of its band";
                problems.push(
                    self.problem(file.band.span(), title)
                        .label("out of reach")
                        .help(help),
                );
            }
            plays.push(play);
        }
        plays
    }

    fn task(&self, duty: &Duty<'_>, problems: &mut Problems) -> Task {
        let check_days = duty.check_days.as_ref();
        Task {
            action: duty.action.to_owned(),
            owner: duty.owner,
            due_days: self.days(duty.due_days, "due_days", problems),
            before_renewal: duty.before_renewal,
            outcome: duty.outcome.to_owned(),
            check_days: check_days
                .map_or(CHECK_DAYS, |days| self.days(days, "check_days", problems)),
        }
    }

    fn days(&self, days: &Spanned<u32>, key: &str, problems: &mut Problems) -> u32 {
        if !(1..=LONGEST).contains(days.get_ref()) {
            let title = format!("`{key}` is a number of working days from 1 to {LONGEST}");
            let help = "what has time until the renewal takes `before_renewal = true`";
            problems.push(self.problem(days.span(), title).help(help));
        }
        *days.get_ref()
    }

    // --- facts -------------------------------------------------------------------------------

    fn facts(&self, file: &FactsFile, problems: &mut Problems) -> Facts {
        let mut fact = |name: &Text, kind: Kind| -> Option<String> {
            let whole = 0..name.get_ref().len();
            let parsed = self.formulas.parsed(name, whole.clone(), problems)?;
            let scope = &self.scope;
            let found = self
                .formulas
                .checked(&parsed, name, whole, scope, problems)?;
            let fits = found.kind == kind || (found.kind.is_number() && kind.is_number());
            if !(fits && matches!(found.node, Node::Column(_))) {
                let title = format!(
                    "`{name}` is a {}, expected the name of a {kind}",
                    found.kind
                );
                let help = "a measure can hold the formula";
                problems.push(self.problem(name.span(), title).help(help));
            }
            Some(name.get_ref().clone())
        };
        let mut of = |name: &Option<Text>, kind| fact(name.as_ref()?, kind);
        let [amount, currency, renewal_date, notice_deadline] = [
            of(&file.amount, Kind::Float),
            of(&file.currency, Kind::Text),
            of(&file.renewal_date, Kind::Date),
            of(&file.notice_deadline, Kind::Date),
        ];
        let people = file.people.iter();
        Facts {
            people: people
                .filter_map(|(role, name)| Some((*role.get_ref(), fact(name, Kind::Text)?)))
                .collect(),
            amount,
            currency,
            renewal_date,
            notice_deadline,
        }
    }

    // --- evidence ----------------------------------------------------------------------------

    /// Checks a template and every formula in it. Evidence without a place would say the same of
    /// every account.
    fn evidence(&mut self, text: &Text, own: &Own, problems: &mut Problems) -> Option<Template> {
        let parts = match template::parts(text.get_ref()) {
            Ok(parts) => parts,
            Err(brace) => {
                let span = self.formulas.source.inside(text, brace);
                let help = "a place is `{measure}` or `{measure:format}`";
                problems.push(self.problem(span, "this brace has no partner").help(help));
                return None;
            }
        };
        if !parts.iter().any(|part| matches!(part, Part::Place(_))) {
            let help = "say it with data, such as `{open_tickets} tickets are open`";
            let title = "this evidence names nothing that was seen";
            problems.push(self.problem(text.span(), title).help(help));
        }
        let pieces: Vec<Option<Piece>> = parts
            .into_iter()
            .map(|part| match part {
                Part::Text(text) => Some(Piece::Text(text.to_owned())),
                Part::Place(place) => self.place(text, place, own, problems),
            })
            .collect();
        Some(Template {
            written: text.get_ref().clone(),
            pieces: pieces.into_iter().collect::<Option<_>>()?,
        })
    }

    fn place(
        &mut self,
        text: &Text,
        place: template::Place<'_>,
        own: &Own,
        problems: &mut Problems,
    ) -> Option<Piece> {
        let expr = self.expression(text, place.formula, own, problems)?;
        let Some((name, span)) = place.format else {
            return Some(Piece::Value(expr, Format::Plain));
        };
        let at = self.formulas.source.inside(text, span);
        let Some(format) = Format::find(name) else {
            let title = format!("there is no format `{name}`");
            problems.push(self.problem(at, title).nearest(name, Format::NAMES));
            return None;
        };
        if !expr.kind.is_number() {
            let title = format!("`{name}` is a format of numbers, found a {}", expr.kind);
            problems.push(self.problem(at, title));
        } else if format == Format::Money {
            self.known_currency(at, problems);
        }
        Some(Piece::Value(expr, format))
    }

    // --- formulas ----------------------------------------------------------------------------

    fn condition(
        &mut self,
        text: &Text,
        key: &str,
        own: &Own,
        problems: &mut Problems,
    ) -> Option<Condition> {
        let expr = self.expression(text, 0..text.get_ref().len(), own, problems)?;
        let expr = self.formulas.boolean(expr, text, key, problems)?;
        self.known_bands(&expr, text, problems);
        Some(Condition {
            written: text.get_ref().clone(),
            expr,
        })
    }

    fn expression(
        &mut self,
        text: &Text,
        part: Range<usize>,
        own: &Own,
        problems: &mut Problems,
    ) -> Option<Expr> {
        let parsed = self.formulas.parsed(text, part.clone(), problems)?;
        self.learn(&parsed.names());
        // The scope holds every measure and word, so it lends itself instead of being copied.
        let names = own
            .iter()
            .map(|(name, expr)| ((*name).to_owned(), expr.clone()));
        self.scope.derived.extend(names);
        let checked = self
            .formulas
            .checked(&parsed, text, part, &self.scope, problems);
        for (name, _) in own {
            self.scope.derived.shift_remove(*name);
        }
        checked
    }

    // --- names that must exist ---------------------------------------------------------------

    fn unique<'a>(&self, ids: impl Iterator<Item = &'a Text>, what: &str, problems: &mut Problems) {
        let mut known: Vec<&str> = Vec::new();
        for id in ids {
            if known.contains(&id.get_ref().as_str()) {
                problems.push(self.problem(id.span(), format!("two {what} are called `{id}`")));
            }
            known.push(id.get_ref());
        }
    }

    fn known_category(&self, name: &Text, problems: &mut Problems) {
        let mut names = self
            .parts
            .categories
            .iter()
            .map(|category| category.id.as_str());
        if !names.clone().any(|known| known == name.get_ref()) {
            let title = format!("there is no category `{name}`");
            problems.push(
                self.problem(name.span(), title)
                    .nearest(name.get_ref(), &mut names),
            );
        }
    }

    fn known_band(&self, name: &str, span: Range<usize>, problems: &mut Problems) {
        let mut names = self.parts.bands.iter().map(|band| band.label.as_str());
        if !names.clone().any(|known| known == name) {
            let title = format!("there is no band `{name}`");
            problems.push(self.problem(span, title).nearest(name, &mut names));
        }
    }

    /// A condition that compares a band with a label that no band has could never hold.
    fn known_bands(&self, expr: &Expr, text: &Text, problems: &mut Problems) {
        let is_band = |expr: &Expr| match &expr.node {
            Node::Column(name) => self.word(name).is_some_and(|word| word.is_band()),
            _ => false,
        };
        let mut labels: Vec<&Expr> = Vec::new();
        expr.walk(&mut |part| match &part.node {
            Node::Compare(Comparison::Equal | Comparison::NotEqual, a, b) if is_band(a) => {
                labels.push(b.as_ref());
            }
            Node::In(x, list) if is_band(x) => labels.extend(list),
            _ => {}
        });
        for label in labels {
            if let Node::Literal(Literal::Text(name)) = &label.node {
                let span = self.formulas.source.inside(text, label.span.clone());
                self.known_band(name, span, problems);
            }
        }
    }

    fn known_currency(&self, span: Range<usize>, problems: &mut Problems) {
        if self.facts.currency.is_none() {
            let help = "name the measure or account column that says it: `currency = \"…\"` in [follow_up]";
            problems.push(
                self.problem(span, "nothing says what currency this is in")
                    .help(help),
            );
        }
    }
}

impl Play {
    fn covers(&self, other: &Self) -> bool {
        self.band == other.band && (self.weakest.is_none() || self.weakest == other.weakest)
    }
}

/// What a signal and a play have in common: something to be done.
struct Duty<'a> {
    action: &'a str,
    owner: Role,
    due_days: &'a Spanned<u32>,
    before_renewal: bool,
    outcome: &'a str,
    check_days: &'a Option<Spanned<u32>>,
}

impl<'a> Duty<'a> {
    fn of(file: &'a SignalFile) -> Self {
        Self {
            action: &file.action,
            owner: file.owner,
            due_days: &file.due_days,
            before_renewal: file.before_renewal,
            outcome: &file.outcome,
            check_days: &file.check_days,
        }
    }

    fn of_play(file: &'a PlayFile) -> Self {
        Self {
            action: &file.action,
            owner: file.owner,
            due_days: &file.due_days,
            before_renewal: file.before_renewal,
            outcome: &file.outcome,
            check_days: &file.check_days,
        }
    }
}

fn expr(node: Node, kind: Kind) -> Expr {
    Expr {
        node,
        kind,
        span: 0..0,
    }
}

fn text(text: &str) -> Expr {
    expr(Node::Literal(Literal::Text(text.to_owned())), Kind::Text)
}
