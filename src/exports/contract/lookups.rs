//! Columns that a table takes from another one by a value of its own.

use indexmap::IndexMap;

use super::{ACCOUNTS, Lookup, Table, kind_of};
use crate::config::{Problem, Problems, Source, nearest};
use crate::exports::file::{ExportsFile, LookupFile, Text};

/// Resolves every lookup, once all tables are known.
///
/// A table whose lookup is wrong is left out, so that nothing that reads it is reported too.
pub(super) fn resolve(
    file: &ExportsFile,
    source: &Source,
    tables: &mut IndexMap<String, Table>,
    problems: &mut Problems,
) {
    for (name, written) in &file.tables {
        for (column, lookup) in &written.lookup {
            let Some(table) = tables.get(name.get_ref()) else {
                break;
            };
            // What is wrong with the other table has been reported there.
            let is_wrong_itself = file.tables.contains_key(lookup.table.get_ref().as_str())
                && !tables.contains_key(lookup.table.get_ref());
            let resolved = if is_wrong_itself {
                None
            } else {
                problems.collect(one(source, tables, table, column, lookup).map_err(Problems::from))
            };
            let Some((lookup, kinds)) = resolved else {
                tables.shift_remove(name.get_ref());
                break;
            };
            let table = tables.get_mut(name.get_ref()).expect("it was just found");
            table.scope.columns.extend(kinds);
            table.lookups.push(lookup);
        }
    }
}

type Kinds = Vec<(String, crate::formula::Kind)>;

fn one(
    source: &Source,
    tables: &IndexMap<String, Table>,
    table: &Table,
    column: &Text,
    written: &LookupFile,
) -> Result<(Lookup, Kinds), Problem> {
    let wrong = |name: &Text, title: String| source.problem(name.span(), title);
    let known = |table: &Table, name: &str| {
        table.columns.contains_key(name) || table.scope.derived.contains_key(name)
    };
    let absent = |of: &Table, name: &Text| {
        let title = format!("export `{}` has no column `{name}`", of.name);
        let names = of.scope.columns.keys().chain(of.scope.derived.keys());
        let problem = wrong(name, title).label("not in its files").of_input();
        match nearest(name.get_ref(), names.map(String::as_str)) {
            Some(help) => problem.help(help),
            None => problem,
        }
    };
    if table.name == ACCOUNTS {
        let title = "the accounts take no columns from other tables".to_owned();
        return Err(wrong(column, title).help("make a measure over the other table"));
    }
    if !known(table, column.get_ref()) {
        return Err(absent(table, column));
    }
    let Some(target) = tables.get(written.table.get_ref()) else {
        let names = tables.keys().map(String::as_str);
        let problem = wrong(
            &written.table,
            format!("there is no table `{}`", written.table),
        );
        return Err(problem.nearest(written.table.get_ref(), names));
    };
    if target.key.is_empty() {
        let title = format!("`{}` cannot be looked up: it has no key", target.name);
        return Err(wrong(&written.table, title)
            .help(format!("give `key = [\"…\"]` in [tables.{}]", target.name)));
    }
    if target.name == table.name {
        let title = format!("`{}` looks itself up", table.name);
        return Err(wrong(&written.table, title));
    }
    let on = match &written.on {
        Some(on) if known(target, on.get_ref()) => on.get_ref().clone(),
        Some(on) => return Err(absent(target, on)),
        None => target.key[0].clone(),
    };
    let mut take = IndexMap::new();
    let mut kinds = Vec::new();
    for name in &written.take {
        if !known(target, name.get_ref()) {
            return Err(absent(target, name));
        }
        if table.scope.columns.contains_key(name.get_ref())
            || table.scope.derived.contains_key(name.get_ref())
        {
            let title = format!("export `{}` has a column `{name}` already", table.name);
            return Err(wrong(name, title)
                .label("one name must mean one thing")
                .help(format!(
                    "give one of them another name with `columns` in [tables.{}]",
                    target.name
                )));
        }
        if target.money.contains_key(name.get_ref()) {
            let title = format!("`{name}` is money, which stays with its currency");
            return Err(wrong(name, title).help("make a measure over the other table"));
        }
        let kind = kind_of(&target.scope, name.get_ref()).expect("it is known");
        take.insert(name.get_ref().clone(), name.get_ref().clone());
        kinds.push((name.get_ref().clone(), kind));
    }
    let lookup = Lookup {
        column: column.get_ref().clone(),
        table: target.name.clone(),
        on,
        take,
    };
    Ok((lookup, kinds))
}
