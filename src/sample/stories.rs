//! Accounts with a story: a stable id, a history written by hand, and an outcome to talk about.

use crate::sample::contracts::Outcome;
use crate::sample::health::{Health, Levels};
use crate::sample::portfolio::{Account, Kind, TermKind, Tier, account_id};
use crate::sample::timeline::{Day, Timeline, instant, months_before};

/// What a story overrides beyond health; the default changes nothing.
#[derive(Clone, Default)]
pub struct Script {
    /// The one decision that the story is about; earlier ones renew.
    pub decision: Option<(Day, Outcome)>,
    pub reason: Option<&'static str>,
    /// True where somebody stepped in before the decision and it held.
    pub is_saved: bool,
    pub tickets: Option<Burst>,
    /// The first and the last day of a rollout, counted back from the end of the data.
    pub rollout: Option<(Day, Day)>,
    /// What everybody asked answers, on the scale to ten, and adds to it.
    pub nps: Option<i32>,
    pub comment: Option<&'static str>,
    pub days_late: Option<f64>,
    /// The share of seats that are used at all.
    pub used_share: Option<f64>,
    pub automated_from: Option<Day>,
    pub sponsor_left: Option<Day>,
    pub champions: usize,
    pub talks_expansion: bool,
}

/// Tickets over and above the usual ones.
#[derive(Clone, Copy)]
pub struct Burst {
    pub count: u32,
    /// The first and the last day they are opened on, counted back from the end of the data.
    pub days_before_end: (Day, Day),
    pub resolution_days: f64,
    pub is_escalated: bool,
    pub csat: f64,
}

impl Script {
    /// Returns the outcome prescribed for a term ending on a day, or `None` outside a story.
    pub fn outcome_on(&self, end: Day) -> Option<Outcome> {
        let (day, outcome) = self.decision?;
        let earlier = Outcome::Renewed;
        Some(if day == end { outcome } else { earlier })
    }

    /// Returns true where the story has somebody step in before the decision of a day.
    pub fn is_saved_on(&self, moment: Day) -> bool {
        self.is_saved && self.decision.is_some_and(|(day, _)| day == moment)
    }
}

/// Levels and the months before the end from which they hold.
type Turn = (u32, Levels);

/// A story as told here; days are counted from the end of the data.
pub struct Story {
    pub number: u32,
    pub title: &'static str,
    tier: Tier,
    seats: i32,
    turns: &'static [Turn],
    /// Days from the end of the data to the renewal it is about; negative for one gone by.
    renewal: Day,
    churn_reason: Option<&'static str>,
    /// Months with us before that renewal.
    months: u32,
    details: fn(&mut Script, Day),
}

impl Story {
    fn new(number: u32, tier: Tier, seats: i32, renewal: Day, turns: &'static [Turn]) -> Story {
        let (title, churn_reason, months) = ("", None, 36);
        let details = |_: &mut Script, _| {};
        Story {
            number,
            title,
            tier,
            seats,
            turns,
            renewal,
            churn_reason,
            months,
            details,
        }
    }

    fn titled(self, title: &'static str) -> Story {
        Story { title, ..self }
    }

    fn churns(self, reason: &'static str) -> Story {
        Story {
            churn_reason: Some(reason),
            ..self
        }
    }

    /// Makes the account one that joined a year before the renewal.
    fn newly_joined(self) -> Story {
        Story { months: 12, ..self }
    }

    /// Adds what health alone does not bring about; the closure is given the last day covered.
    fn with(self, details: fn(&mut Script, Day)) -> Story {
        Story { details, ..self }
    }
}

const DETRACTOR_COMMENT: &str =
    "We use it every day, but the product is moving away from what we need.";

const SUDDEN: Burst = burst(5, (26, 17), 45.0, true, 5.0);
const QUICK: Burst = burst(40, (150, 70), 0.5, false, 9.0);
const SLOW: Burst = burst(12, (190, 80), 35.0, true, 3.0);
const ROLLOUT: Burst = burst(25, (35, 7), 1.5, false, 8.0);

const fn burst(
    count: u32,
    days_before_end: (Day, Day),
    resolution_days: f64,
    is_escalated: bool,
    csat: f64,
) -> Burst {
    Burst {
        count,
        days_before_end,
        resolution_days,
        is_escalated,
        csat,
    }
}

const GOOD: &[Turn] = &[(35, [88.0, 86.0, 88.0, 88.0, 88.0])];
const BEST: &[Turn] = &[(35, [94.0, 92.0, 92.0, 92.0, 94.0])];
// Measured, with an honest share of what a middling account still does well, this comes to about 68.
const STEADY: &[Turn] = &[(35, [56.0, 55.0, 58.0, 52.0, 55.0])];
// The one beside the account that fell: enough seats and few enough tickets to show no trend.
const EVEN: &[Turn] = &[(35, [52.0, 50.0, 55.0, 64.0, 52.0])];
const POOR: &[Turn] = &[(35, [35.0, 38.0, 45.0, 35.0, 42.0])];
const FALL: &[Turn] = &[
    (35, [78.0, 78.0, 79.0, 79.0, 78.0]),
    (0, [54.0, 78.0, 78.0, 38.0, 66.0]),
];
const LET_DOWN: &[Turn] = &[(35, [75.0; 5]), (7, [70.0, 66.0, 75.0, 60.0, 68.0])];
const DETRACTOR: &[Turn] = &[(35, [90.0, 85.0, 85.0, 55.0, 70.0])];
const SAVED: &[Turn] = &[
    (35, [70.0; 5]),
    (8, [35.0, 38.0, 45.0, 35.0, 42.0]),
    (1, [60.0; 5]),
];
const STALLED: &[Turn] = &[(35, [45.0, 40.0, 22.0, 65.0, 70.0])];
const HALF_USED: &[Turn] = &[(35, [70.0, 45.0, 75.0, 80.0, 70.0])];

/// Returns every story, by account number.
pub fn all() -> Vec<Story> {
    use Tier::{Enterprise, Mid, Smb};
    vec![
        Story::new(9001, Mid, 40, 120, FALL)
            .titled("fell from 90 to 74 within a month")
            .with(|script, _| script.tickets = Some(SUDDEN)),
        Story::new(9002, Mid, 90, 120, EVEN).titled("a steady 68, beside the one that fell"),
        Story::new(9003, Mid, 50, -40, BEST)
            .titled("power user with 40 quickly solved tickets, renews")
            .with(|script, _| script.tickets = Some(QUICK)),
        Story::new(9004, Mid, 45, -30, LET_DOWN)
            .titled("12 slow, escalated tickets, churns")
            .churns("support experience")
            .with(|script, _| script.tickets = Some(SLOW)),
        Story::new(9005, Mid, 60, -20, GOOD)
            .titled("automation switched on: log-ins fall by 60 %, renews")
            .with(|script, end| script.automated_from = Some(end - 110)),
        Story::new(9006, Mid, 30, -25, DETRACTOR)
            .titled("detractor with high usage, churns")
            .churns("product direction")
            .with(|script, _| (script.nps, script.comment) = (Some(2), Some(DETRACTOR_COMMENT))),
        Story::new(9007, Enterprise, 140, 75, GOOD)
            .titled("sponsor gone, no successor")
            .with(|script, end| script.sponsor_left = Some(end - 50)),
        Story::new(9008, Enterprise, 110, -35, GOOD)
            .titled("healthy and churned: acquired, none of our signals")
            .churns("company acquired"),
        Story::new(9009, Mid, 38, -28, SAVED)
            .titled("risky and renewed: saved by stepping in")
            .with(|script, _| script.is_saved = true),
        Story::new(9010, Mid, 35, 265, STALLED)
            .titled("stalled onboarding")
            .newly_joined(),
        Story::new(9011, Mid, 35, 265, GOOD)
            .titled("new account on track")
            .newly_joined(),
        Story::new(9012, Mid, 42, -45, GOOD)
            .titled("late payer through billing friction, renews")
            .with(|script, _| script.days_late = Some(38.0)),
        Story::new(9013, Enterprise, 160, 200, GOOD)
            .titled("ticket spike in a rollout")
            .with(|script, _| (script.tickets, script.rollout) = (Some(ROLLOUT), Some((38, 3)))),
        Story::new(9014, Enterprise, 80, 100, GOOD).titled("parent of three workspaces"),
        Story::new(9015, Mid, 30, 100, GOOD).titled("first workspace of 9014, healthy"),
        Story::new(9016, Mid, 25, 100, STEADY).titled("second workspace of 9014, steady"),
        Story::new(9017, Smb, 12, 100, POOR).titled("third workspace of 9014, poor"),
        Story::new(9018, Mid, 60, 80, HALF_USED)
            .titled("35 % of the seats are used")
            .with(|script, _| script.used_share = Some(0.35)),
        Story::new(9019, Mid, 48, 60, BEST)
            .titled("three advocates, ready to expand")
            .with(|script, _| {
                (script.champions, script.talks_expansion, script.nps) = (2, true, Some(10));
            }),
    ]
}

/// Returns the drawn account with the story's facts in place of its own.
pub fn play(story: Story, drawn: Account, timeline: &Timeline) -> Account {
    let renewal = timeline.last + story.renewal;
    let joined = months_before(renewal, story.months);
    let (median_seats, median_arr) = story.tier.medians();
    let outcome = story
        .churn_reason
        .map_or(Outcome::Renewed, |_| Outcome::Churned);
    let (decision, reason) = (Some((renewal, outcome)), story.churn_reason);
    let mut script = Script {
        decision,
        reason,
        ..Script::default()
    };
    (story.details)(&mut script, timeline.last);
    Account {
        kind: Kind::Customer,
        tier: story.tier,
        region: "EMEA",
        owner: drawn.owner.or(Some("Amara Osei")),
        parent: (9015..=9017)
            .contains(&story.number)
            .then(|| account_id(9014)),
        has_support_plan: true,
        is_instrumented: true,
        is_digital_touch: false,
        is_surveyed: true,
        has_service_user: false,
        created: instant(joined - 10, 36_000),
        joined,
        term: TermKind::Annual,
        seats: story.seats,
        arr: (median_arr * f64::from(story.seats) / median_seats).round(),
        currency: "EUR",
        health: Health::scripted(story.turns, timeline),
        script,
        ..drawn
    }
}
