//! What names a row, and how it finds its account.

use indexmap::IndexMap;

use super::resolve::Resolver;
use super::{ACCOUNTS, Observed, Owner, Table};
use crate::config::{Problems, Source, nearest};
use crate::exports::file::{ExportsFile, Text};
use crate::formula::{self, Aggregates, Kind, Scope};

impl Resolver<'_> {
    pub(super) fn key(&self, scope: &Scope, problems: &mut Problems) -> Vec<String> {
        if self.table.get_ref() == ACCOUNTS && self.file.key.is_empty() {
            return self
                .account_column()
                // If it is not there, that is reported where the owner is looked for.
                .and_then(|name| self.column(&name, scope, &mut Problems::default()))
                .into_iter()
                .collect();
        }
        self.file
            .key
            .iter()
            .filter_map(|column| self.column(column, scope, problems))
            .collect()
    }

    fn account_column(&self) -> Option<Text> {
        let span = self
            .file
            .account
            .as_ref()
            .map_or(self.table.span(), Text::span);
        let name = self
            .file
            .account
            .as_ref()
            .map_or("account_id", |name| name.get_ref().as_str());
        Some(Text::new(span, name.to_owned()))
    }

    pub(super) fn owner(&self, scope: &Scope, problems: &mut Problems) -> Owner {
        if self.file.reference {
            self.reference(problems);
            return Owner::Everybody;
        }
        let Some(via) = &self.file.via else {
            let column = self.account_column().and_then(|name| {
                let found = scope.columns.contains_key(name.get_ref()) || scope.derived.contains_key(name.get_ref());
                if found {
                    return Some(name.get_ref().clone());
                }
                let names = scope.columns.keys().map(String::as_str);
                let near = nearest(name.get_ref(), names).unwrap_or_default();
                problems.push(
                    self.source
                        .problem(name.span(), format!("export `{}` has no column `{name}` that names the account", self.table))
                        .label("no such column in its files")
                        .help(format!("{near}; give `account = \"…\"`, or `via = {{ column = \"…\", table = \"…\" }}` if it hangs on another table"))
                        .of_input(),
                );
                None
            });
            return Owner::Account(column.unwrap_or_default());
        };
        let column = self
            .column(&via.column, scope, problems)
            .unwrap_or_default();
        match self.all.get(via.table.get_ref().as_str()) {
            Some(target) if target.reference => problems.push(
                self.source
                    .problem(
                        via.table.span(),
                        format!(
                            "`{}` is a reference table, so it leads to no account",
                            via.table
                        ),
                    )
                    .help("take its columns with `lookup`"),
            ),
            Some(target) if target.key.len() == 1 || via.table.get_ref() == ACCOUNTS => {}
            Some(_) => problems.push(
                self.source
                    .problem(
                        via.table.span(),
                        format!(
                            "`{}` cannot be linked to: its key is not one column",
                            via.table
                        ),
                    )
                    .help(format!("give `key = [\"…\"]` in [tables.{}]", via.table)),
            ),
            None => {
                let names = self.all.keys().map(|name| name.get_ref().as_str());
                problems.push(
                    self.source
                        .problem(
                            via.table.span(),
                            format!("there is no table `{}`", via.table),
                        )
                        .nearest(via.table.get_ref(), names),
                );
            }
        }
        Owner::Via {
            column,
            table: via.table.get_ref().clone(),
        }
    }

    /// What a table that belongs to no account cannot say.
    fn reference(&self, problems: &mut Problems) {
        let file = self.file;
        let table = self.table;
        if table.get_ref() == ACCOUNTS {
            let title = "the accounts belong to themselves and are no reference table";
            problems.push(self.source.problem(table.span(), title));
        }
        if file.key.is_empty() {
            let title = format!("reference table `{table}` has no key");
            problems.push(
                self.source
                    .problem(table.span(), title)
                    .help("give `key = [\"…\"]`: the columns that name a row"),
            );
        }
        let of_accounts = [
            file.account.as_ref().map(|name| (name.span(), "account")),
            file.via.as_ref().map(|via| (via.column.span(), "via")),
            file.observed.as_ref().map(|text| (text.span(), "observed")),
        ];
        for (span, key) in of_accounts.into_iter().flatten() {
            let title = format!("`{key}` speaks of accounts, and `{table}` is a reference table");
            problems.push(
                self.source
                    .problem(span, title)
                    .help("its rows are there for every account; take this key away"),
            );
        }
    }

    pub(super) fn observed(&self, problems: &mut Problems) -> Observed {
        match self
            .file
            .observed
            .as_ref()
            .map(|text| text.get_ref().as_str())
        {
            None if self.file.reference => Observed::All,
            None => Observed::Undeclared,
            Some("all") => Observed::All,
            Some("any row") => Observed::AnyRow,
            // The condition speaks of account columns; it is checked when those are known.
            Some(text) => {
                match formula::parse(text) {
                    Ok(_) => Observed::AnyRow,
                    Err(error) => {
                        let text = self.file.observed.as_ref().expect("it was just read");
                        problems.push(formula::problem(self.source, text, &error).help(
                            "valid here: `all`, `any row`, or a condition over account columns",
                        ));
                        Observed::AnyRow
                    }
                }
            }
        }
    }
}

/// Checks the `observed` conditions, which speak of account columns.
pub(super) fn check_observed(
    file: &ExportsFile,
    source: &Source,
    tables: &mut IndexMap<String, Table>,
    problems: &mut Problems,
) {
    let Some(scope) = tables.get(ACCOUNTS).map(|accounts| accounts.scope.clone()) else {
        return;
    };
    for (name, written) in &file.tables {
        let Some(text) = &written.observed else {
            continue;
        };
        if matches!(text.get_ref().as_str(), "all" | "any row") {
            continue;
        }
        let Ok(parsed) = formula::parse(text.get_ref()) else {
            continue;
        };
        match formula::check(&parsed, &scope, Aggregates::Refused) {
            Ok(expr) if expr.kind == Kind::Boolean => {
                if let Some(table) = tables.get_mut(name.get_ref()) {
                    table.observed = Observed::Where(expr);
                }
            }
            Ok(expr) => problems.push(
                source
                    .problem(
                        text.span(),
                        format!("`observed` needs a condition, found a {}", expr.kind),
                    )
                    .help("valid here: `all`, `any row`, or a condition over account columns"),
            ),
            Err(error) => problems.push(formula::problem(source, text, &error)),
        }
    }
}

/// Checks the conditions that rows fulfil to count, once it is known what tables take from others.
pub(super) fn check_conditions(
    file: &ExportsFile,
    source: &Source,
    tables: &mut IndexMap<String, Table>,
    problems: &mut Problems,
) {
    for (name, written) in &file.tables {
        let (Some(text), Some(table)) = (&written.condition, tables.get_mut(name.get_ref())) else {
            continue;
        };
        if name.get_ref() == ACCOUNTS {
            let title = "who is scored is decided by the population and not by rows";
            let problem = source.problem(text.span(), title);
            problems
                .push(problem.help(
                    "say so in [population]: `eligible`, or `exclude = { deleted = \"…\" }`",
                ));
            continue;
        }
        let checked = formula::parse(text.get_ref())
            .and_then(|parsed| formula::check(&parsed, &table.scope, Aggregates::Refused));
        match checked {
            Ok(expr) if expr.kind == Kind::Boolean => {
                table.condition = Some((text.get_ref().clone(), expr));
            }
            Ok(expr) => {
                let title = format!("`where` needs a condition, found a {}", expr.kind);
                problems.push(source.problem(text.span(), title));
            }
            Err(error) => problems.push(formula::problem(source, text, &error)),
        }
    }
}

/// Sorts the tables so that each stands behind the one it links to.
pub(super) fn in_link_order(
    mut tables: IndexMap<String, Table>,
    file: &ExportsFile,
    source: &Source,
    problems: &mut Problems,
) -> IndexMap<String, Table> {
    let mut sorted: IndexMap<String, Table> = IndexMap::new();
    if let Some(accounts) = tables.shift_remove(ACCOUNTS) {
        sorted.insert(ACCOUNTS.to_owned(), accounts);
    }
    loop {
        let ready = tables.iter().find(|(_, table)| match &table.owner {
            Owner::Account(_) | Owner::Everybody => true,
            Owner::Via { table, .. } => sorted.contains_key(table),
        });
        let Some(name) = ready.map(|(name, _)| name.clone()) else {
            break;
        };
        let table = tables.shift_remove(&name).expect("it was just found");
        sorted.insert(name, table);
    }
    for (name, table) in &tables {
        // A link to a table that was itself refused has been reported there.
        if let Owner::Via { table: target, .. } = &table.owner
            && tables.contains_key(target)
            && let Some((written, _)) = file.tables.get_key_value(name.as_str())
        {
            problems.push(
                source
                    .problem(
                        written.span(),
                        format!("the links of `{name}` lead in a circle"),
                    )
                    .help("a row must reach its account in the end"),
            );
        }
    }
    sorted
}
