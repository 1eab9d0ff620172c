//! What people write: small pools by occasion and mood, each sentence written by hand.

use crate::sample::health::{ADOPTION, COMMERCIAL, LIFECYCLE, SUPPORT, USAGE};

/// How things stand, as whoever writes sees them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Good,
    Mixed,
    Poor,
}

impl Mood {
    /// Returns the mood at a level of health.
    pub fn at(level: f64) -> Mood {
        match level {
            level if level >= 70.0 => Mood::Good,
            level if level >= 50.0 => Mood::Mixed,
            _ => Mood::Poor,
        }
    }

    /// Returns the mood of a recorded tone, −2 to 2.
    pub fn of_tone(tone: i32) -> Mood {
        match tone {
            1.. => Mood::Good,
            0 => Mood::Mixed,
            _ => Mood::Poor,
        }
    }

    fn of<T>(self, [good, mixed, poor]: [T; 3]) -> T {
        match self {
            Mood::Good => good,
            Mood::Mixed => mixed,
            Mood::Poor => poor,
        }
    }
}

type Pool = &'static [&'static str];

// --- tickets ---------------------------------------------------------------------------------------

/// Subjects of tickets by priority, the most urgent first.
pub fn ticket_subjects(priority: &str) -> Pool {
    match priority {
        "P1" => &[
            "Nobody can log in since this morning",
            "Workflows have stopped for all users",
            "Figures in the board report are wrong",
            "Data of the last night is missing",
            "Publishing fails for every team",
        ],
        "P2" => &[
            "Single sign-on fails for some users",
            "Nightly import takes five hours",
            "Export breaks off after 10,000 rows",
            "Workflow runs twice for the same record",
            "Alerts arrive hours late",
            "Connector to our ERP loses records",
            "Dashboard times out with a full year selected",
        ],
        "P3" => &[
            "Chart legend shows old category names",
            "Permission missing after a role change",
            "Template cannot be copied between teams",
            "Search does not find archived reports",
            "Rounding differs between report and export",
            "Scheduled report came without its attachment",
            "Comment notifications go to former colleagues",
            "Filter forgets its selection after saving",
        ],
        _ => &[
            "How do we invite external auditors?",
            "Question about time zones in schedules",
            "Please raise our limit of saved views",
            "Wish: dark colours for dashboards",
            "Where can we see who changed a workflow?",
            "Typo in the Spanish interface",
            "Request for a sandbox",
        ],
    }
}

/// What happens next with a ticket that is not closed.
pub fn ticket_step(status: &str, is_escalated: bool) -> Pool {
    match (status, is_escalated) {
        ("solved", _) => &[
            "Customer confirms the solution",
            "Close after three quiet days",
        ],
        (_, true) => &[
            "Engineering delivers a fix; daily update to the customer",
            "Escalation call with the head of support",
            "Root cause analysis to be sent to the sponsor",
        ],
        ("pending", _) => &[
            "Customer sends a screenshot and the time of the error",
            "Customer tests the proposed setting",
            "Waiting for access to the customer's test system",
        ],
        _ => &[
            "Support reproduces the error",
            "Second level looks at the logs",
            "Product manager decides on the change",
            "First answer is due",
        ],
    }
}

// --- surveys ---------------------------------------------------------------------------------------

/// What respondents add to a score, by the mood the score speaks of.
pub fn verbatims(mood: Mood) -> Pool {
    mood.of([
        &[
            "Saves our team a day every week.",
            "Support answers fast and knows the product.",
            "We would not want to go back to spreadsheets.",
            "Our whole planning round runs on it now.",
            "Easy to learn, colleagues ask for access by themselves.",
        ],
        &[
            "Good product, but the reports need manual work.",
            "Does what it should; the price is on the high side.",
            "Useful for some of us, others hardly open it.",
            "Some rough edges, improving slowly.",
        ],
        &[
            "Tickets stay open for weeks and nobody calls back.",
            "We pay for far more than we use.",
            "Too slow with our amount of data.",
            "Promised features never came.",
            "Hard to get colleagues to use it.",
        ],
    ])
}

// --- interactions ----------------------------------------------------------------------------------

/// What a call, mail or meeting was about.
pub fn summaries(kind: &str, topic: Option<&str>, mood: Mood) -> Pool {
    match (kind, topic) {
        ("QBR", _) => mood.of([
            &[
                "Reviewed the quarter: goals reached, usage up, new team wants access",
                "Went through results with the leadership; savings confirmed by finance",
                "Looked back on the quarter and agreed on goals for the next",
            ],
            &[
                "Reviewed the quarter: usage steady, two goals behind plan",
                "Results mixed; reporting works well, workflows are hardly used",
                "Went through open points; goals for the next quarter not agreed yet",
            ],
            &[
                "Reviewed the quarter: goals missed, open tickets took up most of the time",
                "Leadership doubts the return; asked for figures before the renewal",
                "Little progress since the last review; the customer ended early",
            ],
        ]),
        (_, Some("contraction")) => &[
            "Asked what fewer seats would cost at the renewal",
            "Budget is cut next year; a smaller package was discussed",
            "Two teams are to be taken off the contract",
        ],
        (_, Some("expansion")) => &[
            "Another department wants to start; asked for an offer",
            "Asked about the price of further seats",
            "Wants to bring a second use case onto the platform",
        ],
        (_, Some("pricing")) => &[
            "Questions about the price list and how seats are counted",
            "Asked how the next invoice is made up",
        ],
        (_, Some("product")) => mood.of([
            &[
                "Showed the latest release; the team will try it this month",
                "Collected wishes for the roadmap, tone friendly",
            ],
            &[
                "Went through missing functions and workarounds",
                "Questions about the roadmap; some dates could not be given",
            ],
            &[
                "Complaints about missing functions that were expected this year",
                "Showed workarounds; the customer was not convinced",
            ],
        ]),
        _ => mood.of([
            &[
                "Regular check-in, all teams work as planned",
                "Shared how other customers set up their workflows",
                "Thanks for the quick help with the last question",
            ],
            &[
                "Regular check-in, some questions about set-up",
                "Talked about who will train the new colleagues",
                "Went through the list of open points",
            ],
            &[
                "Frustration about open issues and slow answers",
                "Few colleagues still take part; asked what to do about it",
                "Customer asked to pause further activities",
            ],
        ]),
    }
}

/// What came of it.
pub fn outcomes(topic: Option<&str>, mood: Mood) -> Pool {
    match topic {
        Some("contraction") => &[
            "Offer for a smaller package requested",
            "Decision left open",
        ],
        Some("expansion") => &["Offer requested", "Pilot with one team agreed"],
        _ => mood.of([
            &["Plan confirmed", "No open points", "Reference call offered"],
            &[
                "Points noted, follow-up agreed",
                "To be continued next time",
            ],
            &[
                "Customer expects a recovery plan",
                "Escalated internally",
                "No agreement",
            ],
        ]),
    }
}

/// What was agreed to happen next.
pub fn follow_ups(topic: Option<&str>, mood: Mood) -> Pool {
    match topic {
        Some("contraction") => &["Send usage by team and an offer", "Meet the budget owner"],
        Some("expansion") => &[
            "Sales prepares an offer",
            "Show the use case to the new team",
        ],
        _ => mood.of([
            &[
                "Send the recording",
                "Invite to the customer panel",
                "Next check-in as planned",
            ],
            &[
                "Send training dates",
                "Answer the open questions in writing",
            ],
            &[
                "Recovery plan with dates within a week",
                "Support lead calls the customer",
                "Book time with the executive sponsor",
            ],
        ]),
    }
}

// --- goals -----------------------------------------------------------------------------------------

pub struct Goal {
    pub text: &'static str,
    /// What the customer can point at when the goal is well under way.
    pub evidence: &'static str,
}

/// What customers want to reach.
pub const GOALS: [Goal; 8] = [
    Goal {
        text: "Close the month in five days instead of nine",
        evidence: "Month closed in six days in two of the last three months",
    },
    Goal {
        text: "Halve the time spent on manual reports",
        evidence: "\"We got a day a week back\" (operations manager)",
    },
    Goal {
        text: "One set of figures for all regions",
        evidence: "Four of five regions report from the same dashboards",
    },
    Goal {
        text: "Answer customers' requests within one working day",
        evidence: "Median answer fell from 31 to 20 hours",
    },
    Goal {
        text: "Run purchase approvals without e-mail",
        evidence: "Three quarters of approvals run as workflows",
    },
    Goal {
        text: "Replace the old planning spreadsheets",
        evidence: "\"The spring round was the first without spreadsheets\" (controller)",
    },
    Goal {
        text: "Train every team lead to build their own reports",
        evidence: "Two thirds of team leads published a report this quarter",
    },
    Goal {
        text: "Connect the ERP so that nothing is typed twice",
        evidence: "Double entry gone for orders, invoices follow",
    },
];

// --- risks, actions, notes -------------------------------------------------------------------------

/// Risks that people see, by the category they lie in.
pub fn risks(category: usize) -> Pool {
    match category {
        USAGE => &[
            "Log-ins fall in two teams",
            "Work moves back to spreadsheets",
        ],
        ADOPTION => &[
            "Only one department works with it",
            "Half of the seats were never taken up",
        ],
        LIFECYCLE => &[
            "Nobody at the customer owns the project",
            "Training keeps being postponed",
        ],
        SUPPORT => &[
            "Patience with open tickets is running out",
            "Repeated escalations of the same error",
        ],
        COMMERCIAL => &[
            "Budget under review before the renewal",
            "A competitor is being evaluated",
        ],
        _ => &["Plans unclear"],
    }
}

/// Changes at a customer that may bring trouble or chances.
pub const CHANGES: [&str; 5] = [
    "Reorganisation announced, teams will be merged",
    "New head of IT reviews all suppliers",
    "Hiring stopped for the rest of the year",
    "Second site opened, teams are growing",
    "Merger talks in the press",
];

/// What the team undertakes for an account at risk, by its weakest category.
pub fn action_title(category: usize) -> &'static str {
    match category {
        USAGE => "Find out with team leads why usage fell, and agree on a plan",
        ADOPTION => "Workshop with the departments that have not started",
        LIFECYCLE => "Restart the onboarding with a named owner and dates",
        SUPPORT => "Review of escalated tickets with support and engineering",
        _ => "Talk between executives about value and renewal",
    }
}

/// What owners note down.
pub fn notes(mood: Mood) -> Pool {
    mood.of([
        &[
            "Champion speaks well of us inside the company.",
            "Would be a good reference for the industry.",
            "Interested in the beta of forecasting.",
            "Renewal should be a formality; prepare the growth talk.",
        ],
        &[
            "Hard to get an appointment lately.",
            "Uses mostly reporting; show workflows again.",
            "Wants a fixed contact in support.",
            "New colleague took over day-to-day work, needs training.",
        ],
        &[
            "Seemed annoyed on the phone, tickets are the main topic.",
            "Heard that a competitor was invited to present.",
            "Nobody answers mails since last month.",
            "Finance questions the number of seats.",
        ],
    ])
}

/// Why somebody set a score by hand.
pub fn manual_reasons(mood: Mood) -> Pool {
    mood.of([
        &[
            "Sponsor confirmed the renewal in person",
            "Low usage is planned: seasonal business",
        ],
        &[
            "Figures do not show the change of team yet",
            "Waiting for the outcome of the pilot",
        ],
        &[
            "Competitor named in the last call",
            "Champion told us about budget cuts",
        ],
    ])
}

// --- texts that try to break whoever prints them -----------------------------------------------------

/// A formula for spreadsheets, markup for pages, an escape for terminals, and an override of the writing direction.
pub const HOSTILE_SUBJECT: &str = "=cmd|'/c calc'!A1 <script>alert('ticket')</script> \u{1b}[31mred\u{1b}[0m \u{202e}desrever\u{202c}";
pub const HOSTILE_NOTE: &str = "@SUM(1+1)*cmd|' /c calc'!A0\n<img src=x onerror=alert(1)> \u{1b}]0;title\u{7} \u{202e}txt.exe\u{202c} | **bold**";
