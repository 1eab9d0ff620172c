//! The life of an account: its terms, how each was decided, and who stepped in before.

use rand_pcg::Pcg64;

use crate::sample::health::{self, ADOPTION, COMMERCIAL, Levels, SUPPORT, USAGE};
use crate::sample::portfolio::{Account, Kind, TermKind, Tier};
use crate::sample::random::{self, Purpose, stream};
use crate::sample::tables;
use crate::sample::timeline::{Day, Instant, Timeline, add_months, day_at, instant, office_hours};

/// How far ahead of a decision health settles it.
pub const LEAD_DAYS: Day = 90;
/// By how much the log-odds of churn fall per point of decisive health.
pub const CHURN_SLOPE: f64 = 2.0 / 15.0;
/// The same for contraction, and with the sign turned for expansion.
pub const CHANGE_SLOPE: f64 = 1.0 / 15.0;
/// The health at which the log-odds below hold.
pub const REFERENCE_HEALTH: f64 = 70.0;
/// What stepping in does to the odds of churn.
pub const ACTION_ODDS: f64 = 0.7;
/// The share of accounts at risk that are acted on, and the overall health below which one is at risk.
pub const ACTED_SHARE: f64 = 0.4;
pub const AT_RISK: f64 = 60.0;
/// The shares of annual decisions that the log-odds are tuned to, and that are drawn from when nothing is planted.
pub const CONTRACTED_RATE: f64 = 0.09;
pub const EXPANDED_RATE: f64 = 0.18;

/// Share of annual decisions that end in churn where nothing is planted: the same in every tier,
/// since behaviour differs between tiers and would foresee their rates.
pub const NULL_CHURN_RATE: f64 = 0.15;

/// Returns the share of annual decisions that end in churn.
pub fn churn_rate(tier: Tier) -> f64 {
    match tier {
        Tier::Smb => 0.19,
        Tier::Mid => 0.12,
        Tier::Enterprise => 0.07,
    }
}

fn churn_log_odds(tier: Tier) -> f64 {
    match tier {
        Tier::Smb => -5.0,
        Tier::Mid => -6.55,
        Tier::Enterprise => -8.95,
    }
}
const CONTRACTED_LOG_ODDS: f64 = -2.78;
const EXPANDED_LOG_ODDS: f64 = -1.68;
/// A quarter of a monthly contract is left less often than a whole year is.
const MONTHLY_LOG_ODDS: f64 = -2.4;
const MONTHLY_CHANGE_LOG_ODDS: f64 = -1.5;
const MONTHLY_RATE: f64 = 0.3;

/// The spread of the accounts' own inclination to leave, in log-odds, which stays with them.
pub const ACCOUNT_EFFECT: f64 = 1.5;
/// The spread of the circumstances of a single decision (budgets, mergers, people), in log-odds.
pub const CIRCUMSTANCES: f64 = 3.5;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    Renewed,
    Expanded,
    Contracted,
    Churned,
    Reactivated,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Renewed => "renewed",
            Outcome::Expanded => "expanded",
            Outcome::Contracted => "contracted",
            Outcome::Churned => "churned",
            Outcome::Reactivated => "reactivated",
        }
    }
}

/// Seats bought in mid-term that end with the term.
pub struct AddOn {
    pub start: Day,
    pub signed: Instant,
    pub seats: i32,
    pub arr: f64,
}

pub struct Term {
    pub number: u32,
    pub start: Day,
    pub end: Day,
    pub signed: Instant,
    pub seats: i32,
    pub arr: f64,
    pub notice_days: i32,
    pub auto_renewal: bool,
    pub cancelled: Option<Instant>,
    /// The actual end of a term left early.
    pub ended: Option<Day>,
    pub add_on: Option<AddOn>,
}

impl Term {
    fn left(&self) -> Day {
        self.ended.unwrap_or(self.end)
    }

    fn seats_on(&self, day: Day) -> i32 {
        let begun = self.add_on.as_ref().filter(|add_on| add_on.start <= day);
        self.seats + begun.map_or(0, |add_on| add_on.seats)
    }

    pub fn all_seats(&self) -> i32 {
        self.seats_on(self.end)
    }

    fn all_arr(&self) -> f64 {
        self.arr + self.add_on.as_ref().map_or(0.0, |add_on| add_on.arr)
    }
}

pub struct Decision {
    pub term: u32,
    pub date: Day,
    pub known: Instant,
    pub outcome: Outcome,
    pub before: f64,
    pub after: f64,
    pub reason: Option<&'static str>,
    pub settled: Settled,
}

/// What settled a decision, before anybody knew it.
#[derive(Clone, Copy)]
pub struct Settled {
    pub day: Day,
    /// Latent health on that day.
    pub levels: Levels,
    /// True where somebody stepped in after it.
    pub is_acted_on: bool,
}

pub struct Action {
    pub raised: Instant,
    pub closed: Instant,
    /// The weakest category, which the action is about.
    pub category: usize,
    /// Overall health when it was raised.
    pub health: f64,
}

#[derive(Default)]
pub struct Life {
    pub terms: Vec<Term>,
    pub decisions: Vec<Decision>,
    pub actions: Vec<Action>,
    pub owner_changed: Option<Instant>,
}

impl Life {
    /// Returns the seats licensed on a day, or `None` when no term is running.
    pub fn seats_on(&self, day: Day) -> Option<i32> {
        Some(self.running_on(day)?.seats_on(day))
    }

    /// Returns the recurring revenue on a day, seats added in mid-term apart.
    pub fn revenue_on(&self, day: Day) -> Option<f64> {
        Some(self.running_on(day)?.arr)
    }

    /// Returns when seats were next added in mid-term.
    pub fn bought_after(&self, at: Instant) -> Option<Instant> {
        let mut added = self.terms.iter().filter_map(|term| term.add_on.as_ref());
        added
            .find(|add_on| add_on.signed > at)
            .map(|add_on| add_on.signed)
    }

    /// Returns the day on which the account left, if it did and has not come back.
    pub fn left_for_good(&self, timeline: &Timeline) -> Option<Day> {
        let last = self.terms.last().filter(|term| term.cancelled.is_some())?;
        timeline.passed(last.left())
    }

    fn running_on(&self, day: Day) -> Option<&Term> {
        let mut terms = self.terms.iter().rev();
        terms.find(|term| term.start <= day && day < term.left())
    }
}

/// Returns the account's terms and decisions; trials have none.
pub fn live(account: &Account, timeline: &Timeline, seed: u64, null: bool) -> Life {
    let mut life = Life::default();
    if account.kind == Kind::Trial {
        return life;
    }
    let mut rng = stream(seed, account.number, Purpose::Contracts);
    let mut returns = stream(seed, account.number, Purpose::Returns);
    let course = Course {
        account,
        timeline,
        null,
    };
    let from = first_term(account, timeline);
    let signed = from - random::whole(&mut rng, 2, 20);
    let signed = office_hours(&mut rng, signed);
    let next = Next {
        seats: account.seats,
        arr: account.arr,
        signed,
    };
    course.run(&mut rng, &mut life, from, next);
    if account.script.decision.is_none() && random::chance(&mut returns, RETURN_SHARE) {
        course.come_back(&mut returns, &mut life);
    }
    life
}

/// The share of those who leave that sign again later.
const RETURN_SHARE: f64 = 0.045;
const LATE_SHARE: f64 = 0.011;
const EARLY_NOTICE_SHARE: f64 = 0.04;
const EARLY_NOTICE_DAYS: i32 = 75;
const MID_TERM_SHARE: f64 = 0.11;

/// Returns the start of the term that runs on the first day covered, or of the first after it.
fn first_term(account: &Account, timeline: &Timeline) -> Day {
    let months = account.term.months();
    let start = |index: u32| add_months(account.joined, index * months);
    let index = (0..).find(|index| start(index + 1) > timeline.first);
    index.map_or(account.joined, start)
}

/// What a signature agrees on for the next term.
struct Next {
    seats: i32,
    arr: f64,
    signed: Instant,
}

/// The course of one account's contracts.
struct Course<'a> {
    account: &'a Account,
    timeline: &'a Timeline,
    null: bool,
}

impl Course<'_> {
    /// Runs term after term from a day on, until the account leaves or the exports end.
    fn run(&self, rng: &mut Pcg64, life: &mut Life, from: Day, first: Next) {
        let months = self.account.term.months();
        let mut agreed = Some(first);
        for index in 0.. {
            let Some(next) = agreed else { return };
            let start = add_months(from, index * months);
            let end = add_months(from, (index + 1) * months);
            let number = life.terms.len() as u32 + 1;
            let mut term = self.term(rng, number, start, end, next);
            agreed = self.decide(rng, &mut term, life);
            life.terms.push(term);
        }
    }

    /// Lets an account that left sign again, on somewhat fewer seats.
    fn come_back(&self, rng: &mut Pcg64, life: &mut Life) {
        let last = life.terms.last().filter(|term| term.cancelled.is_some());
        let Some(last) = last else { return };
        let from = last.left() + random::whole(rng, 60, 200);
        if from > self.timeline.last - 20 {
            return;
        }
        let (before, seats_before) = (last.all_arr(), f64::from(last.all_seats()));
        let seats = (seats_before * 0.8).ceil();
        let after = tables::rounded(before * seats / seats_before, self.account.currency);
        let signed = office_hours(rng, from - 4);
        life.decisions.push(Decision {
            term: last.number,
            date: from,
            known: signed,
            outcome: Outcome::Reactivated,
            before,
            after,
            reason: None,
            settled: Settled {
                day: from - LEAD_DAYS,
                levels: self.account.health.on(self.timeline, from - LEAD_DAYS),
                is_acted_on: false,
            },
        });
        self.run(
            rng,
            life,
            from,
            Next {
                seats: seats as i32,
                arr: after,
                signed,
            },
        );
    }

    fn term(&self, rng: &mut Pcg64, number: u32, start: Day, end: Day, next: Next) -> Term {
        let Next { seats, arr, signed } = next;
        let usual_notice = random::pick(rng, &[(30, 0.7), (60, 0.3)]);
        Term {
            number,
            start,
            end,
            signed,
            seats,
            arr,
            notice_days: if self.is_monthly() { 15 } else { usual_notice },
            auto_renewal: random::chance(rng, 0.7) || self.is_monthly(),
            cancelled: None,
            ended: None,
            add_on: self.add_on(rng, start, end, seats, arr),
        }
    }

    fn is_monthly(&self) -> bool {
        self.account.term == TermKind::Monthly
    }

    /// Commercially healthy accounts now and then buy seats in mid-term.
    fn add_on(&self, rng: &mut Pcg64, start: Day, end: Day, seats: i32, arr: f64) -> Option<AddOn> {
        let begins = within(start, end, random::between(rng, 0.15, 0.7));
        let share = random::between(rng, 0.08, 0.25);
        let signed = office_hours(rng, begins - 3);
        let drawn = random::chance(rng, 0.35) && self.account.script.decision.is_none();
        let commercial = self.account.health.on(self.timeline, begins)[COMMERCIAL];
        if !drawn || commercial < 78.0 || self.is_monthly() || begins > self.timeline.last {
            return None;
        }
        let more = (f64::from(seats) * share).ceil();
        let arr = tables::rounded(arr * more / f64::from(seats), self.account.currency);
        Some(AddOn {
            start: begins,
            signed,
            seats: more as i32,
            arr,
        })
    }

    /// Decides over a term and returns what is agreed for the next one, if anything is.
    fn decide(&self, rng: &mut Pcg64, term: &mut Term, life: &mut Life) -> Option<Next> {
        let draws = Draws::drawn(rng, self.is_monthly());
        let may_leave_early = !self.is_monthly() && self.account.script.decision.is_none();
        let early = draws.is_mid_term && may_leave_early;
        let early_end = within(term.start, term.end, draws.mid_term);
        let moment = if early { early_end } else { term.end };
        let day = moment - LEAD_DAYS;
        let levels = self.account.health.settled_on(self.timeline, day);
        let is_acted_on = self.act(&levels, moment, &draws, life);
        let settled = Settled {
            day,
            levels,
            is_acted_on,
        };
        let scripted = self
            .account
            .script
            .outcome_on(term.end)
            .filter(|_| !self.null);
        let outcome = scripted.unwrap_or_else(|| self.outcome(&settled, &draws));
        if outcome == Outcome::Churned {
            self.leave(term, settled, &draws, life);
            None
        } else {
            self.renew(term, outcome, settled, &draws, life)
        }
    }

    /// Ends a term for good, unless that is not known yet by the end of the exports.
    fn leave(&self, term: &mut Term, settled: Settled, draws: &Draws, life: &mut Life) {
        let moment = settled.day + LEAD_DAYS;
        let notice_days = if moment < term.end {
            draws.notice_days.min(28)
        } else {
            draws.notice_days
        };
        let notice = instant(moment - notice_days, draws.second);
        let Some(known) = self.timeline.known(notice) else {
            return;
        };
        term.add_on = term.add_on.take().filter(|add_on| add_on.start < moment);
        term.cancelled = Some(known);
        term.ended = Some(moment).filter(|moment| *moment < term.end);
        let owner_changed = draws.owner_days.map(|days| notice + instant(days, 0));
        life.owner_changed = owner_changed.and_then(|at| self.timeline.known(at));
        life.decisions.push(Decision {
            term: term.number,
            date: term.end,
            known,
            outcome: Outcome::Churned,
            before: term.all_arr(),
            after: 0.0,
            reason: self
                .account
                .script
                .reason
                .or(churn_reason(&settled.levels, draws.reason)),
            settled,
        });
    }

    /// Agrees on the next term, unless that is not known yet by the end of the exports.
    fn renew(
        &self,
        term: &Term,
        outcome: Outcome,
        settled: Settled,
        draws: &Draws,
        life: &mut Life,
    ) -> Option<Next> {
        let signed = instant(term.end - draws.signature_days, draws.second);
        let known = self.timeline.known(signed)?;
        let before = term.all_arr();
        let factor = match outcome {
            Outcome::Expanded => 1.0 + draws.step,
            Outcome::Contracted => 1.0 - draws.step,
            Outcome::Renewed | Outcome::Churned | Outcome::Reactivated => 1.0,
        };
        let after = tables::rounded(before * factor, self.account.currency);
        life.decisions.push(Decision {
            term: term.number,
            date: term.end,
            known,
            outcome,
            before,
            after,
            reason: None,
            settled,
        });
        Some(Next {
            seats: changed_seats(term.all_seats(), factor),
            arr: after,
            signed: known,
        })
    }

    /// Logs an action for some accounts at risk, soon after health has settled the decision.
    fn act(&self, levels: &Levels, moment: Day, draws: &Draws, life: &mut Life) -> bool {
        let at_risk = health::overall(levels) < AT_RISK && !self.is_monthly();
        let acted = at_risk && draws.acts < ACTED_SHARE || self.account.script.is_saved_on(moment);
        let raised = instant(moment - draws.action_days, draws.second);
        let closed = raised + instant(draws.action_length, 3_600);
        let is_covered = day_at(raised) >= self.timeline.first;
        if acted && is_covered && self.timeline.known(raised).is_some() {
            life.actions.push(Action {
                raised,
                closed,
                category: weakest(levels),
                health: health::overall(levels),
            });
        }
        acted
    }

    /// Draws from an ordinal hazard: leave or stay, then shrink or not, then grow or not.
    fn outcome(&self, settled: &Settled, draws: &Draws) -> Outcome {
        let [churn, contraction, expansion] = if self.null {
            self.base_rates()
        } else {
            self.planted_rates(settled, draws.circumstances)
        };
        let draws = draws.hazards;
        if draws[0] < churn {
            Outcome::Churned
        } else if draws[1] < contraction {
            Outcome::Contracted
        } else if draws[2] < expansion {
            Outcome::Expanded
        } else {
            Outcome::Renewed
        }
    }

    fn planted_rates(&self, settled: &Settled, circumstances: f64) -> [f64; 3] {
        let tenure = settled.day - self.account.joined;
        let margin = health::decisive(&settled.levels, tenure) - REFERENCE_HEALTH;
        let (monthly, monthly_change) = match self.account.term {
            TermKind::Monthly => (MONTHLY_LOG_ODDS, MONTHLY_CHANGE_LOG_ODDS),
            TermKind::Annual | TermKind::MultiYear(_) => (0.0, 0.0),
        };
        let action = if settled.is_acted_on {
            ACTION_ODDS.ln()
        } else {
            0.0
        };
        let unseen = self.account.inclination + circumstances;
        let churn =
            churn_log_odds(self.account.tier) + monthly + action + unseen - CHURN_SLOPE * margin;
        let contraction = CONTRACTED_LOG_ODDS + monthly_change - CHANGE_SLOPE * margin;
        let expansion = EXPANDED_LOG_ODDS + monthly_change + CHANGE_SLOPE * margin;
        [
            probability(churn),
            probability(contraction),
            probability(expansion),
        ]
    }

    fn base_rates(&self) -> [f64; 3] {
        let monthly = if self.account.term == TermKind::Monthly {
            MONTHLY_RATE
        } else {
            1.0
        };
        let churn = NULL_CHURN_RATE;
        let contraction = CONTRACTED_RATE / (1.0 - churn);
        let expansion = EXPANDED_RATE / (1.0 - churn - CONTRACTED_RATE);
        [churn * monthly, contraction * monthly, expansion * monthly]
    }
}

/// Everything that chance decides about a term.
///
/// All of it is drawn whatever happens, so that planting nothing changes outcomes only.
struct Draws {
    is_mid_term: bool,
    /// The share of the term after which one leaves in mid-term.
    mid_term: f64,
    hazards: [f64; 3],
    circumstances: f64,
    /// By how much seats change where they do.
    step: f64,
    reason: f64,
    notice_days: Day,
    /// Days from the signature to the end of the term; negative for a late one.
    signature_days: Day,
    second: i64,
    /// Days from the notice to the change of owner.
    owner_days: Option<Day>,
    acts: f64,
    /// Days from the action to the decision, and days that the action takes.
    action_days: Day,
    action_length: Day,
}

impl Draws {
    fn drawn(rng: &mut Pcg64, is_monthly: bool) -> Draws {
        let early = random::chance(rng, EARLY_NOTICE_SHARE);
        let usual_notice = random::whole(rng, 5, 28);
        let late = random::chance(rng, LATE_SHARE);
        let late_days = random::whole(rng, 3, 25);
        let usual_signature = random::whole(rng, 2, 28);
        let (notice_days, signature_days) = match (is_monthly, early, late) {
            (true, ..) => (usual_notice / 2, usual_signature / 4),
            (false, true, _) => (EARLY_NOTICE_DAYS, usual_signature),
            (false, false, true) => (usual_notice, -late_days),
            (false, false, false) => (usual_notice, usual_signature),
        };
        Draws {
            is_mid_term: random::chance(rng, MID_TERM_SHARE),
            mid_term: random::between(rng, 0.3, 0.75),
            hazards: std::array::from_fn(|_| random::uniform(rng)),
            circumstances: CIRCUMSTANCES * random::normal(rng),
            step: random::between(rng, 0.1, 0.4),
            reason: random::uniform(rng),
            notice_days,
            signature_days,
            second: i64::from(random::whole(rng, 8 * 60, 18 * 60)) * 60,
            owner_days: Some(random::whole(rng, 1, 6)).filter(|days| *days < 6),
            acts: random::uniform(rng),
            action_days: random::whole(rng, 70, LEAD_DAYS - 3),
            action_length: random::whole(rng, 15, 60),
        }
    }
}

/// Returns the day after so much of a term has passed.
fn within(start: Day, end: Day, share: f64) -> Day {
    start + (f64::from(end - start) * share) as Day
}

fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// Returns the seats after a change, moved by at least one where there is a change.
fn changed_seats(seats: i32, factor: f64) -> i32 {
    let changed = f64::from(seats) * factor;
    if factor < 1.0 {
        changed.floor().max(1.0) as i32
    } else {
        changed.ceil() as i32
    }
}

fn churn_reason(levels: &Levels, draw: f64) -> Option<&'static str> {
    let worst = weakest(levels);
    match draw {
        d if d < 0.20 => None,
        d if d < 0.30 => Some("company acquired"),
        d if d < 0.40 => Some("budget cut"),
        _ if worst == SUPPORT => Some("support experience"),
        _ if worst == COMMERCIAL => Some("price"),
        _ if worst == ADOPTION || worst == USAGE => Some("low adoption"),
        _ => Some("slow onboarding"),
    }
}

fn weakest(levels: &Levels) -> usize {
    (0..levels.len())
        .min_by(|a, b| levels[*a].total_cmp(&levels[*b]))
        .unwrap_or(0)
}
