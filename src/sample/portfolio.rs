//! Who the accounts are: their names, sizes, regions and what they pay at first.

use polars::prelude::*;
use rand_pcg::Pcg64;

use crate::sample::Settings;
use crate::sample::contracts::{ACCOUNT_EFFECT, Life};
use crate::sample::health::Health;
use crate::sample::people;
use crate::sample::random::{self, Purpose, stream};
use crate::sample::scene::Scene;
use crate::sample::stories::{self, Script};
use crate::sample::tables::{self, Table};
use crate::sample::timeline::{Day, Instant, Timeline, office_hours};

const TRIALS: u32 = 20;
const TESTS: u32 = 6;
/// Numbers from here to 9999 belong to stories, trials and test accounts, whatever the size of the sample.
const RESERVED: u32 = 9000;
const FIRST_TRIAL: u32 = 9901;
const FIRST_TEST: u32 = 9951;
/// The account whose name, a ticket and a note of which try to break whoever prints them.
pub const HOSTILE: u32 = 13;
const HOSTILE_NAME: &str =
    "=HYPERLINK(\"http://x\",\"<script>alert(1)</script>\")|**bold**\n\u{1b}[31mred";

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Customer,
    Trial,
    Test,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    Smb,
    Mid,
    Enterprise,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TermKind {
    Monthly,
    Annual,
    MultiYear(u32),
}

pub struct Account {
    pub number: u32,
    pub id: String,
    pub name: String,
    pub kind: Kind,
    pub tier: Tier,
    pub segment: &'static str,
    pub region: &'static str,
    pub owner: Option<&'static str>,
    pub parent: Option<String>,
    pub has_support_plan: bool,
    /// False where the product runs on the customer's own premises and reports no usage.
    pub is_instrumented: bool,
    pub is_digital_touch: bool,
    pub is_surveyed: bool,
    /// True where a service user works through the interface every day.
    pub has_service_user: bool,
    pub created: Instant,
    /// The first day of the first contract, or of the trial.
    pub joined: Day,
    pub term: TermKind,
    pub seats: i32,
    pub arr: f64,
    pub currency: &'static str,
    /// The account's own inclination to leave, in log-odds, which no data show.
    pub inclination: f64,
    pub health: Health,
    pub script: Script,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Customer => "customer",
            Kind::Trial => "trial",
            Kind::Test => "test",
        }
    }
}

impl Tier {
    pub fn name(self) -> &'static str {
        match self {
            Tier::Smb => "SMB",
            Tier::Mid => "mid-market",
            Tier::Enterprise => "enterprise",
        }
    }

    /// Returns the median seats and the median annual recurring revenue.
    pub fn medians(self) -> (f64, f64) {
        match self {
            Tier::Smb => (8.0, 4_000.0),
            Tier::Mid => (35.0, 30_000.0),
            Tier::Enterprise => (120.0, 180_000.0),
        }
    }
}

impl TermKind {
    pub fn name(self) -> &'static str {
        match self {
            TermKind::Monthly => "monthly",
            TermKind::Annual => "annual",
            TermKind::MultiYear(_) => "multi_year",
        }
    }

    /// Returns the length of one exported term; monthly contracts are exported by the quarter.
    pub fn months(self) -> u32 {
        match self {
            TermKind::Monthly => 3,
            TermKind::Annual => 12,
            TermKind::MultiYear(months) => months,
        }
    }
}

const TIERS: [(Tier, f64); 3] = [(Tier::Smb, 0.6), (Tier::Mid, 0.3), (Tier::Enterprise, 0.1)];
const SEGMENTS: [&str; 5] = [
    "education",
    "finance",
    "health care",
    "manufacturing",
    "retail",
];
const REGIONS: [(&str, f64); 3] = [("EMEA", 0.45), ("AMER", 0.40), ("APAC", 0.15)];
const CURRENCIES: [(&str, f64); 4] = [("USD", 0.59), ("EUR", 0.25), ("GBP", 0.14), ("JPY", 0.02)];
const TERMS: [(TermKind, f64); 4] = [
    (TermKind::Annual, 0.75),
    (TermKind::Monthly, 0.15),
    (TermKind::MultiYear(24), 0.06),
    (TermKind::MultiYear(36), 0.04),
];
const NAME_STEMS: [&str; 30] = [
    "Alder", "Amber", "Beacon", "Birch", "Bright", "Cedar", "Cobalt", "Copper", "Coral", "Crest",
    "Delta", "Ember", "Falcon", "Fern", "Granite", "Harbour", "Heron", "Iron", "Juniper", "Lark",
    "Maple", "Meadow", "North", "Opal", "Pine", "Quarry", "River", "Silver", "Thistle", "Willow",
];
const NAME_ENDINGS: [&str; 20] = [
    "bridge", "brook", "cliff", "dale", "field", "ford", "gate", "grove", "haven", "hill", "lane",
    "mark", "mere", "point", "ridge", "stone", "vale", "view", "well", "wick",
];
const NAME_FORMS: [&str; 8] = [
    "Analytics",
    "Foods",
    "Group",
    "Labs",
    "Logistics",
    "Partners",
    "Systems",
    "Textiles",
];

/// Returns every account of the sample, sorted by its id.
pub fn accounts(settings: &Settings, timeline: &Timeline) -> Vec<Account> {
    let customers =
        (1..=settings.accounts as u32).map(|n| if n < RESERVED { n } else { n + 1_000 });
    let mut accounts: Vec<Account> = customers
        .map(|number| drawn(settings, timeline, number, Kind::Customer))
        .collect();
    accounts.extend(
        (FIRST_TRIAL..FIRST_TRIAL + TRIALS)
            .map(|number| drawn(settings, timeline, number, Kind::Trial)),
    );
    accounts.extend(
        (FIRST_TEST..FIRST_TEST + TESTS)
            .map(|number| drawn(settings, timeline, number, Kind::Test)),
    );
    for story in stories::all() {
        let account = drawn(settings, timeline, story.number, Kind::Customer);
        accounts.push(stories::play(story, account, timeline));
    }
    accounts.sort_by(|a, b| a.id.cmp(&b.id));
    accounts
}

fn drawn(settings: &Settings, timeline: &Timeline, number: u32, kind: Kind) -> Account {
    let mut rng = stream(settings.seed, number, Purpose::Portfolio);
    let rng = &mut rng;
    let tier = if kind == Kind::Customer {
        random::pick(rng, &TIERS)
    } else {
        Tier::Smb
    };
    let currency = random::pick(rng, &CURRENCIES);
    let (seats, arr) = size(rng, tier, currency);
    let joined = joined(rng, timeline, kind);
    let signed_up = joined
        - if kind == Kind::Trial {
            0
        } else {
            random::whole(rng, 0, 21)
        };
    let term = if kind == Kind::Customer {
        random::pick(rng, &TERMS)
    } else {
        TermKind::Annual
    };
    Account {
        number,
        id: account_id(number),
        name: if number == HOSTILE {
            HOSTILE_NAME.to_owned()
        } else {
            company_name(rng, kind)
        },
        kind,
        tier,
        segment: random::any(rng, &SEGMENTS),
        region: random::pick(rng, &REGIONS),
        owner: (!random::chance(rng, 0.02)).then(|| random::any(rng, &people::OWNERS)),
        parent: parent(rng, number, kind),
        has_support_plan: !random::chance(rng, 0.03),
        is_instrumented: !random::chance(rng, 0.025),
        is_digital_touch: tier == Tier::Smb && random::chance(rng, 0.6),
        is_surveyed: random::chance(rng, 0.61),
        has_service_user: has_service_user(settings, number, tier),
        created: office_hours(rng, signed_up),
        joined,
        term,
        seats,
        arr: if kind == Kind::Customer { arr } else { 0.0 },
        currency,
        inclination: ACCOUNT_EFFECT * random::normal(rng),
        health: Health::drawn(settings.seed, number, timeline),
        script: Script::default(),
    }
}

/// The plan of small accounts has no interface for other systems.
fn has_service_user(settings: &Settings, number: u32, tier: Tier) -> bool {
    let mut rng = stream(settings.seed, number, Purpose::Users);
    tier != Tier::Smb && random::chance(&mut rng, 0.06)
}

/// Returns an account's id from its number.
pub fn account_id(number: u32) -> String {
    format!("ACC-{number:04}")
}

fn size(rng: &mut Pcg64, tier: Tier, currency: &str) -> (i32, f64) {
    let (median_seats, median_arr) = tier.medians();
    let relative = (0.5 * random::normal(rng)).exp();
    let seats = (median_seats * relative).round().max(2.0);
    let arr = median_arr * relative.powf(0.8) * (0.35 * random::normal(rng)).exp();
    let in_currency = if currency == "JPY" { arr * 150.0 } else { arr };
    (seats as i32, tables::rounded(in_currency, currency))
}

fn company_name(rng: &mut Pcg64, kind: Kind) -> String {
    let place = format!(
        "{}{}",
        random::any(rng, &NAME_STEMS),
        random::any(rng, &NAME_ENDINGS)
    );
    let form = random::any(rng, &NAME_FORMS);
    match kind {
        Kind::Test => format!("Internal test {place}"),
        Kind::Customer | Kind::Trial => format!("{place} {form}"),
    }
}

/// A few accounts are workspaces of the account numbered just before them.
fn parent(rng: &mut Pcg64, number: u32, kind: Kind) -> Option<String> {
    let has_parent = random::chance(rng, 0.04);
    // The tens have none, so that no chain grows long and the number before exists.
    (has_parent && kind == Kind::Customer && number > 1 && !number.is_multiple_of(10))
        .then(|| account_id(number - 1))
}

/// Most customers were there before the first month; the others join all along.
fn joined(rng: &mut Pcg64, timeline: &Timeline, kind: Kind) -> Day {
    let before = random::chance(rng, 0.87);
    let back = random::whole(rng, 0, 1_500);
    let along = random::whole(
        rng,
        timeline.first,
        (timeline.last - 20).max(timeline.first),
    );
    match kind {
        Kind::Customer if before => timeline.first - back,
        Kind::Customer | Kind::Trial => along,
        Kind::Test => timeline.first - back,
    }
}

pub struct AccountRow<'a> {
    account: &'a Account,
    life: &'a Life,
}

/// Returns the account's row.
pub fn rows<'a>(scene: &Scene<'a>) -> Vec<AccountRow<'a>> {
    let Scene { account, life, .. } = *scene;
    vec![AccountRow { account, life }]
}

/// Returns `accounts.parquet`.
pub fn frame(rows: &[AccountRow], _: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("account_id", |row| &row.account.id)
        .text("account_name", |row| &row.account.name)
        .text("account_type", |row| row.account.kind.name())
        .text("tier", |row| row.account.tier.name())
        .text("segment", |row| row.account.segment)
        .text("region", |row| row.account.region)
        .optional_text("owner", |row| match row.life.owner_changed {
            Some(_) => Some(people::WIN_BACK_OWNER),
            None => row.account.owner,
        })
        .instant("owner_changed_at", |row| row.life.owner_changed)
        .optional_text("parent_id", |row| row.account.parent.as_deref())
        .flag("has_support_plan", |row| row.account.has_support_plan)
        .flag("is_instrumented", |row| row.account.is_instrumented)
        .instant("created_at", |row| Some(row.account.created))
        .frame()
}
