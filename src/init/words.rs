//! The words by which tables and columns are recognised.

/// A shipped table: by which words in a name it is known, and what its columns are elsewhere called.
pub struct Role {
    /// Our name of the table.
    pub table: &'static str,
    /// Words of a table's name, singular; without any, only our own name will do.
    pub words: &'static [&'static str],
    /// Our column and what others call it, the likeliest first.
    pub columns: &'static [(&'static str, &'static [&'static str])],
    /// Columns without which it is not that table.
    pub needs: &'static [&'static str],
    /// Columns that may be missing, and the assumption that then stands in for them.
    pub assumed: &'static [(&'static str, &'static str, &'static str)],
}

/// Words for whoever is scored, the likeliest first.
pub const ACCOUNT_WORDS: &[&str] = &[
    "account",
    "customer",
    "client",
    "company",
    "organization",
    "organisation",
    "org",
    "tenant",
    "workspace",
    "acct",
    "cust",
];

/// Words for a person.
pub const PERSON_WORDS: &[&str] = &[
    "user",
    "member",
    "person",
    "subscriber",
    "player",
    "author",
    "sender",
    "follower",
    "profile",
    "friend",
    "contact",
    "people",
    "creator",
    "poster",
    "liker",
    "buyer",
    "employee",
    "participant",
];

/// Shipped tables that are known by more than their own name.
pub const ROLES: &[Role] = &[
    Role {
        table: "outcomes",
        words: &["outcome", "renewal", "churn", "churned", "cancellation"],
        columns: &[],
        needs: &["decision_id", "outcome", "known_at"],
        assumed: &[],
    },
    Role {
        table: "contracts",
        words: &["contract", "subscription", "sub"],
        columns: &[
            (
                "start_date",
                &[
                    "start_date",
                    "started_at",
                    "started_on",
                    "started",
                    "start",
                    "starts_on",
                    "start_at",
                    "effective_date",
                    "begin_date",
                    "current_period_start",
                ],
            ),
            (
                "ended_date",
                &[
                    "ended_date",
                    "ended_at",
                    "ended_on",
                    "ended",
                    "terminated_at",
                    "termination_date",
                ],
            ),
            (
                "end_date",
                &[
                    "end_date",
                    "ends_on",
                    "end_at",
                    "end",
                    "expires_at",
                    "expiry_date",
                    "expiration_date",
                    "term_end",
                    "current_period_end",
                    "period_end",
                ],
            ),
            (
                "signed_at",
                &["signed_at", "signed_date", "signed_on", "signature_date"],
            ),
            (
                "seats",
                &[
                    "seats",
                    "seat_count",
                    "licenses",
                    "licences",
                    "license_count",
                    "quantity",
                ],
            ),
            (
                "annual_recurring_revenue",
                &[
                    "annual_recurring_revenue",
                    "arr",
                    "arr_amount",
                    "arr_usd",
                    "acv",
                    "annual_value",
                    "annual_revenue",
                ],
            ),
            ("currency", &["currency", "currency_code"]),
            (
                "product",
                &[
                    "product",
                    "plan",
                    "plan_tier",
                    "plan_name",
                    "product_name",
                    "tier",
                    "edition",
                ],
            ),
            (
                "term",
                &[
                    "term",
                    "billing_frequency",
                    "billing_period",
                    "billing_interval",
                    "interval",
                ],
            ),
            (
                "renewal_date",
                &[
                    "renewal_date",
                    "renews_on",
                    "renews_at",
                    "next_renewal_date",
                ],
            ),
            ("notice_days", &["notice_days", "notice_period_days"]),
            (
                "auto_renewal",
                &[
                    "auto_renewal",
                    "auto_renew",
                    "auto_renew_flag",
                    "auto_renews",
                    "is_auto_renew",
                ],
            ),
            (
                "cancelled_at",
                &[
                    "cancelled_at",
                    "canceled_at",
                    "cancellation_date",
                    "cancelled_on",
                    "canceled_on",
                    "cancelled",
                    "canceled",
                ],
            ),
        ],
        needs: &["start_date"],
        assumed: &[
            (
                "end_date",
                "DATE '2999-12-31'",
                "no column says when a term ends, so it runs until it is ended",
            ),
            (
                "ended_date",
                "CAST(NULL AS DATE)",
                "no column says that a term was ended early",
            ),
        ],
    },
    Role {
        table: "invoices",
        words: &["invoice", "bill"],
        columns: &[
            (
                "issued_at",
                &[
                    "issued_at",
                    "invoice_date",
                    "issue_date",
                    "issued_on",
                    "created_at",
                    "created",
                    "billed_at",
                    "date",
                ],
            ),
            ("due_date", &["due_date", "due_at", "due_on", "due"]),
            (
                "paid_at",
                &["paid_at", "paid_date", "paid_on", "payment_date", "paid"],
            ),
            ("voided_at", &["voided_at", "void_date", "cancelled_at"]),
            (
                "amount",
                &[
                    "amount",
                    "total",
                    "amount_due",
                    "invoice_amount",
                    "amount_usd",
                    "total_amount",
                ],
            ),
            ("currency", &["currency", "currency_code"]),
        ],
        needs: &["issued_at", "due_date", "paid_at"],
        assumed: &[(
            "voided_at",
            "CAST(NULL AS DATE)",
            "no column says that an invoice was taken back",
        )],
    },
    Role {
        table: "tickets",
        words: &["ticket", "case", "incident"],
        columns: &[
            (
                "opened_at",
                &[
                    "opened_at",
                    "submitted_at",
                    "created_at",
                    "created_date",
                    "created",
                    "opened",
                    "open_date",
                    "reported_at",
                    "created_on",
                ],
            ),
            (
                "solved_at",
                &[
                    "solved_at",
                    "resolved_at",
                    "resolved_on",
                    "resolution_date",
                    "solved",
                    "closed_at",
                    "closed_date",
                    "closed_on",
                    "close_date",
                    "closed",
                ],
            ),
            (
                "closed_at",
                &[
                    "closed_at",
                    "closed_date",
                    "closed_on",
                    "close_date",
                    "closed",
                ],
            ),
            (
                "first_response_at",
                &["first_response_at", "first_reply_at", "first_responded_at"],
            ),
            (
                "escalated_at",
                &["escalated_at", "escalated_on", "escalation_date"],
            ),
            ("priority", &["priority", "severity", "urgency"]),
            ("status", &["status", "state"]),
            (
                "csat",
                &[
                    "csat",
                    "csat_score",
                    "satisfaction_score",
                    "satisfaction_rating",
                    "satisfaction",
                ],
            ),
            ("csat_rated_at", &["csat_rated_at", "rated_at"]),
            ("subject", &["subject", "title"]),
        ],
        needs: &["opened_at", "solved_at"],
        assumed: &[],
    },
    Role {
        table: "surveys",
        words: &["survey", "nps", "csat"],
        columns: &[
            (
                "sent_at",
                &["sent_at", "sent_date", "sent_on", "created_at"],
            ),
            (
                "responded_at",
                &[
                    "responded_at",
                    "response_date",
                    "answered_at",
                    "submitted_at",
                ],
            ),
            ("score", &["score", "rating", "nps_score", "answer"]),
            ("kind", &["kind", "survey_type", "type"]),
            ("respondent", &["respondent", "contact_id", "email"]),
            ("comment", &["comment", "comments", "feedback", "verbatim"]),
        ],
        needs: &["sent_at", "responded_at", "score", "kind", "scale_max"],
        assumed: &[],
    },
    Role {
        table: "opportunities",
        words: &["opportunity", "deal"],
        columns: &[
            (
                "opened_at",
                &["opened_at", "created_at", "created_date", "created"],
            ),
            ("closed_at", &["closed_at", "closed_date", "close_date"]),
            ("kind", &["kind", "type", "opportunity_type", "deal_type"]),
            ("amount", &["amount", "value", "deal_value"]),
            ("currency", &["currency", "currency_code"]),
        ],
        needs: &["opened_at", "closed_at", "kind", "amount"],
        assumed: &[],
    },
    Role {
        table: "usage",
        words: &["usage"],
        columns: &[
            (
                "usage_date",
                &[
                    "usage_date",
                    "date",
                    "day",
                    "event_date",
                    "activity_date",
                    "used_on",
                ],
            ),
            ("user_id", &["user_id", "user"]),
            (
                "feature",
                &["feature", "feature_name", "module", "feature_id"],
            ),
            (
                "events",
                &["events", "usage_count", "event_count", "count", "uses"],
            ),
            ("minutes", &["minutes", "duration_minutes", "usage_minutes"]),
        ],
        needs: &["usage_date", "events"],
        assumed: &[(
            "is_service",
            "FALSE",
            "no column tells programs from people, so every user counts as a person",
        )],
    },
    Role {
        table: "users",
        words: &[],
        columns: &[
            (
                "invited_at",
                &["invited_at", "created_at", "signup_date", "created"],
            ),
            (
                "activated_at",
                &["activated_at", "first_login_at", "first_seen_at"],
            ),
            (
                "deactivated_at",
                &["deactivated_at", "deleted_at", "disabled_at"],
            ),
            ("is_admin", &["is_admin", "admin"]),
            ("is_service", &["is_service", "is_bot"]),
            ("department", &["department", "team"]),
            ("job_role", &["job_role", "role", "job_title"]),
        ],
        needs: &["invited_at"],
        assumed: &[
            (
                "is_service",
                "FALSE",
                "no column tells programs from people, so every user counts as a person",
            ),
            (
                "deactivated_at",
                "CAST(NULL AS DATE)",
                "no column says that a user was switched off",
            ),
        ],
    },
];

/// Shipped tables that are known by their own name and columns alone.
pub const PLAIN_ROLES: &[&str] = &[
    "exchange_rates",
    "features",
    "integrations",
    "rollouts",
    "milestones",
    "trainings",
    "goals",
    "interactions",
    "stakeholders",
    "risks",
    "actions",
    "notes",
    "manual_scores",
];

/// When a row happened: the likeliest name first.
pub const TIME_WORDS: &[&str] = &[
    "event_time",
    "event_timestamp",
    "occurred_at",
    "timestamp",
    "event_at",
    "event_date",
    "ts",
    "created_at",
    "created",
    "created_on",
    "created_date",
    "creation_date",
    "signup_date",
    "signed_up_at",
    "signup_at",
    "registered_at",
    "registration_date",
    "joined_at",
    "join_date",
    "opened_at",
    "submitted_at",
    "raised_at",
    "entered_at",
    "written_at",
    "announced_at",
    "planned_at",
    "invited_at",
    "issued_at",
    "sent_at",
    "signed_at",
    "enabled_at",
    "known_at",
    "start_date",
    "started_at",
    "from_date",
    "date",
    "day",
    "time",
    "posted_at",
    "logged_at",
    "login_at",
    "received_at",
];

/// Words of a date that lies ahead, or that comes after the row does.
pub const LATER_WORDS: &[&str] = &[
    "due",
    "end",
    "ended",
    "close",
    "closed",
    "update",
    "updated",
    "modified",
    "expire",
    "expiry",
    "renewal",
    "birth",
    "until",
    "paid",
    "solved",
    "resolved",
    "completed",
    "cancelled",
    "canceled",
    "deleted",
    "last",
    "target",
    "deactivated",
    "answered",
    "responded",
    "voided",
    "rated",
    "escalated",
    "disabled",
    "churned",
    "terminated",
    "finished",
    "first",
    "held",
    "activated",
    "known",
    "to",
    "refunded",
    "logout",
    "attended",
    "changed",
    "loaded",
    "synced",
];

/// Words of a moment at which a row that is already there changes.
pub const FILLED_WORDS: &[&str] = &[
    "end",
    "ended",
    "close",
    "closed",
    "solved",
    "resolved",
    "completed",
    "cancelled",
    "canceled",
    "deactivated",
    "responded",
    "answered",
    "voided",
    "until",
    "disabled",
    "rated",
    "escalated",
    "paid",
    "held",
    "activated",
    "deleted",
    "churned",
    "terminated",
    "finished",
    "refunded",
    "response",
    "logout",
    "changed",
    "updated",
    "modified",
    "to",
];

/// Words of what is overwritten without a trace.
pub const OVERWRITTEN_WORDS: &[&str] = &[
    "status", "state", "stage", "flag", "active", "current", "step",
];

/// Words that tell the answer: a score that reads it foresees nothing.
pub const LEAK_WORDS: &[&str] = &[
    "churn",
    "churned",
    "attrition",
    "attrited",
    "exited",
    "exit",
    "retained",
    "retention",
    "cancelled",
    "canceled",
    "cancellation",
    "lost",
    "outcome",
    "renewed",
    "left",
    "terminated",
];

/// Words of what is bad the more there is of it.
pub const BAD_WORDS: &[&str] = &[
    "error",
    "fail",
    "failed",
    "failure",
    "complaint",
    "complain",
    "ticket",
    "case",
    "incident",
    "escalation",
    "escalated",
    "refund",
    "overdue",
    "late",
    "delay",
    "bounce",
    "crash",
    "outage",
    "dropped",
    "drop",
    "inactive",
    "inactivity",
    "downgrade",
    "block",
    "blocked",
    "report",
    "unsubscribe",
    "unfollow",
    "bug",
    "issue",
    "claim",
    "dispute",
    "chargeback",
    "custserv",
    "recency",
    "unpaid",
    "missed",
    "declined",
    "rejected",
    "spam",
];

/// Words of what is good the more there is of it.
pub const GOOD_WORDS: &[&str] = &[
    "tenure",
    "usage",
    "use",
    "login",
    "session",
    "minute",
    "min",
    "call",
    "active",
    "activity",
    "satisfaction",
    "rating",
    "csat",
    "nps",
    "seat",
    "user",
    "order",
    "purchase",
    "message",
    "post",
    "engagement",
    "visit",
    "event",
    "count",
    "duration",
    "second",
    "sec",
    "hour",
    "volume",
    "quantity",
    "product",
    "data",
    "gb",
    "mb",
    "download",
    "stream",
    "friend",
    "follower",
    "contract",
    "stars",
    "security",
    "backup",
    "protection",
    "upgrade",
    "renew",
    "auto",
    "month",
    "intl",
    "recommendation",
];

/// Words of a rating that somebody gave.
pub const RATING_WORDS: &[&str] = &[
    "rating",
    "satisfaction",
    "csat",
    "nps",
    "score",
    "stars",
    "sentiment",
];

/// Words of a quantity that adds up.
pub const QUANTITY_WORDS: &[&str] = &[
    "count", "amount", "minute", "min", "second", "sec", "duration", "quantity", "event", "volume",
    "size", "bytes", "mb", "gb", "hour", "error", "fail", "total", "like", "comment", "share",
    "view", "mrr", "arr",
];

/// Words of money.
pub const MONEY_WORDS: &[&str] = &[
    "amount", "mrr", "arr", "revenue", "price", "charge", "fee", "usd", "eur", "cost", "total",
    "value", "balance", "spend",
];

/// Words by which the categories of the starter model are found.
pub const CATEGORY_WORDS: &[(&str, &[&str])] = &[
    (
        "support",
        &[
            "ticket",
            "case",
            "complaint",
            "support",
            "survey",
            "nps",
            "csat",
            "feedback",
            "review",
            "incident",
            "bug",
            "claim",
            "rating",
            "satisfaction",
            "service",
            "custserv",
            "issue",
            "escalation",
            "response",
            "resolution",
            "block",
            "report",
            "sentiment",
        ],
    ),
    (
        "commercial",
        &[
            "invoice",
            "payment",
            "order",
            "transaction",
            "purchase",
            "subscription",
            "contract",
            "bill",
            "billing",
            "charge",
            "refund",
            "deal",
            "opportunity",
            "tenure",
            "revenue",
            "spend",
            "price",
            "plan",
            "paperless",
            "renew",
        ],
    ),
    (
        "adoption",
        &[
            "feature",
            "friend",
            "friendship",
            "follow",
            "follower",
            "invite",
            "invitation",
            "member",
            "membership",
            "integration",
            "connection",
            "team",
            "project",
            "seat",
            "user",
            "group",
            "product",
            "security",
            "backup",
            "protection",
            "streaming",
        ],
    ),
];

/// Words that SQL keeps for itself, or that the program does.
pub const RESERVED: &[&str] = &[
    "account",
    "all",
    "and",
    "any",
    "array",
    "as",
    "as_of",
    "asc",
    "between",
    "by",
    "case",
    "cast",
    "check",
    "column",
    "count",
    "current_date",
    "current_time",
    "current_timestamp",
    "date",
    "day",
    "default",
    "desc",
    "distinct",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "filter",
    "first",
    "float",
    "for",
    "from",
    "group",
    "having",
    "hour",
    "if",
    "in",
    "index",
    "int",
    "interval",
    "into",
    "is",
    "job",
    "join",
    "key",
    "last",
    "left",
    "like",
    "limit",
    "list",
    "map",
    "match",
    "max",
    "min",
    "minute",
    "month",
    "not",
    "null",
    "number",
    "of",
    "offset",
    "on",
    "or",
    "order",
    "over",
    "partition",
    "position",
    "primary",
    "range",
    "rank",
    "right",
    "row",
    "rows",
    "second",
    "select",
    "set",
    "some",
    "struct",
    "substring",
    "sum",
    "table",
    "then",
    "time",
    "timestamp",
    "to",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "when",
    "where",
    "window",
    "with",
    "within",
    "year",
    "avg",
    "round",
    "abs",
    "latest",
    "lower",
    "upper",
    "interpolate",
];

/// Returns the words of a name, small and singular: `customerIDs` is customer, id.
pub fn words(name: &str) -> Vec<String> {
    parts(name)
        .into_iter()
        .map(|word| singular(&word))
        .collect()
}

/// Returns a name as small words joined by underscores: `signupDate` is `signup_date`.
pub fn plain(name: &str) -> String {
    parts(name).join("_")
}

fn parts(name: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut before: Option<char> = None;
    let letters: Vec<char> = name.chars().collect();
    for (n, c) in letters.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            before = None;
            continue;
        }
        let begins = match before {
            None => true,
            Some(last) => {
                let is_small = |n: usize| letters.get(n).is_some_and(char::is_ascii_lowercase);
                // The `s` of `IDs` is the plural of what stands in capitals, and begins no word.
                let is_plural = letters.get(n + 1) == Some(&'s') && !is_small(n + 2);
                let next_is_small = is_small(n + 1) && !is_plural;
                c.is_ascii_uppercase()
                    && (!last.is_ascii_uppercase() && !last.is_ascii_digit()
                        || last.is_ascii_uppercase() && next_is_small)
            }
        };
        if begins {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut() {
            part.push(c.to_ascii_lowercase());
        }
        before = Some(*c);
    }
    parts
}

fn singular(word: &str) -> String {
    const AS_THEY_ARE: &[&str] = &[
        "status", "nps", "is", "has", "was", "days", "business", "series", "stars", "bytes",
    ];
    let is_short = word.len() < 4 && word != "ids";
    if AS_THEY_ARE.contains(&word) || is_short || word.ends_with("ss") {
        return word.to_owned();
    }
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}y");
    }
    for ending in ["sses", "xes", "ches", "shes"] {
        if word.ends_with(ending) {
            return word[..word.len() - 2].to_owned();
        }
    }
    word.strip_suffix('s').unwrap_or(word).to_owned()
}

/// Returns whether a name has one of the words.
pub fn has(name: &str, wanted: &[&str]) -> bool {
    words(name)
        .iter()
        .any(|word| wanted.contains(&word.as_str()))
}

/// Returns a name that is safe as a key and in a formula.
pub fn safe(name: &str) -> String {
    let mut safe = plain(name);
    if safe.is_empty() {
        safe = "unnamed".to_owned();
    }
    if safe.starts_with(|c: char| c.is_ascii_digit()) {
        safe = format!("n_{safe}");
    }
    if RESERVED.contains(&safe.as_str()) {
        safe = format!("the_{safe}");
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_words() {
        assert_eq!(words("customerIDs"), ["customer", "id"]);
        assert_eq!(words("Total Day Minutes"), ["total", "day", "minute"]);
        assert_eq!(words("support_tickets"), ["support", "ticket"]);
        assert_eq!(words("companies"), ["company"]);
        assert_eq!(plain("SignupDate"), "signup_date");
        assert_eq!(plain("IsDeleted__c"), "is_deleted_c");
    }

    #[test]
    fn a_safe_name_is_no_word_of_sql_and_holds_no_quotes() {
        assert_eq!(safe("date"), "the_date");
        assert_eq!(safe("Int'l Plan\" = 1"), "int_l_plan_1");
        assert_eq!(safe("3rd"), "n_3rd");
        assert_eq!(safe("\u{1f600}"), "unnamed");
        assert_eq!(safe("__key_0"), "key_0");
    }
}
