//! Which files are one table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::ParquetFile;

/// Files that are one table.
pub(super) struct Group {
    pub(super) name: String,
    /// The path to declare.
    pub(super) path: String,
    /// The folder that is the table, if one is.
    pub(super) folder: Option<PathBuf>,
    pub(super) members: Vec<PathBuf>,
    /// The path to declare if each part turns out to be a dump of everything.
    pub(super) dumped: Option<String>,
}

/// Sorts files into tables: a folder of parts, a folder of Hive partitions, numbered files side by
/// side, or a file by itself.
pub(super) fn groups(footers: &BTreeMap<PathBuf, ParquetFile>) -> Vec<Group> {
    let mut by_folder: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for inside in footers.keys() {
        let mut folder = PathBuf::new();
        for part in inside.parent().into_iter().flat_map(Path::iter) {
            if part.to_string_lossy().contains('=') {
                break;
            }
            folder.push(part);
        }
        by_folder.entry(folder).or_default().push(inside.clone());
    }
    let mut groups = Vec::new();
    for (folder, members) in by_folder {
        let is_root = folder.as_os_str().is_empty();
        let is_hive = members
            .iter()
            .any(|inside| inside.parent().is_some_and(|parent| parent != folder));
        let alone = |inside: &PathBuf| {
            let stem = inside.file_stem().unwrap_or_default().to_string_lossy();
            Group {
                name: stem.into_owned(),
                path: inside.to_string_lossy().into_owned(),
                folder: None,
                members: vec![inside.clone()],
                dumped: None,
            }
        };
        if !is_root && (is_hive || same_columns(&members, footers)) {
            let whole = members.len() > 1 || is_hive || is_part(&members[0]);
            if whole {
                groups.push(of_folder(&folder, members));
                continue;
            }
        }
        // Files side by side whose names differ in a number or a date, and in nothing else.
        let mut by_stem: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for inside in members {
            let stem = inside.file_stem().unwrap_or_default().to_string_lossy();
            let base = stem.trim_end_matches(|c: char| c.is_ascii_digit() || "-_.".contains(c));
            by_stem.entry(base.to_owned()).or_default().push(inside);
        }
        for (base, members) in &by_stem {
            let is_prefix = by_stem
                .keys()
                .any(|other| other != base && other.starts_with(base.as_str()));
            if members.len() < 2 || base.is_empty() || is_prefix || !same_columns(members, footers)
            {
                groups.extend(members.iter().map(alone));
                continue;
            }
            let escaped = glob::Pattern::escape(&folder.join(base).to_string_lossy());
            groups.push(Group {
                name: ["part", "chunk"]
                    .iter()
                    .find_map(|word| base.strip_suffix(word))
                    .map(|name| name.trim_end_matches(['-', '_', '.']))
                    .filter(|name| !name.is_empty())
                    .unwrap_or(base)
                    .to_owned(),
                path: format!("{escaped}*.parquet"),
                folder: None,
                members: members.clone(),
                dumped: None,
            });
        }
    }
    groups
}

fn is_part(inside: &Path) -> bool {
    let stem = inside.file_stem().unwrap_or_default().to_string_lossy();
    let stem = stem.to_lowercase();
    stem.starts_with("part") || stem.starts_with("data") || stem.chars().all(|c| !c.is_alphabetic())
}

fn same_columns(members: &[PathBuf], footers: &BTreeMap<PathBuf, ParquetFile>) -> bool {
    let names = |inside: &PathBuf| footers[inside].columns.keys().collect::<BTreeSet<_>>();
    let first = names(&members[0]);
    members.iter().all(|inside| {
        let here = names(inside);
        2 * here.intersection(&first).count() > here.len().max(first.len())
    })
}

fn of_folder(folder: &Path, members: Vec<PathBuf>) -> Group {
    const DATED: &[&str] = &[
        "dt",
        "ds",
        "date",
        "day",
        "snapshot",
        "snapshot_date",
        "as_of",
        "load_date",
        "dump_date",
        "run_date",
    ];
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let inside_of = |inside: &PathBuf| {
        inside
            .strip_prefix(folder)
            .map(Path::to_owned)
            .unwrap_or_default()
    };
    // One folder a day, straight below: possibly a dump of everything.
    let dated = |inside: &PathBuf| {
        let below = inside_of(inside);
        let mut parts = below.iter();
        let first = parts.next()?.to_string_lossy().into_owned();
        let (key, value) = first.split_once('=')?;
        value.parse::<NaiveDate>().ok()?;
        (DATED.contains(&key) && parts.count() == 1).then(|| key.to_owned())
    };
    let keys: BTreeSet<Option<String>> = members.iter().map(dated).collect();
    let path = folder.to_string_lossy().into_owned();
    let dumped = match (keys.len(), keys.into_iter().next(), members.len()) {
        (1, Some(Some(key)), 2..) => Some(format!("{path}/{key}={{as_of}}/*.parquet")),
        _ => None,
    };
    Group {
        name: name.into_owned(),
        path,
        folder: Some(folder.to_owned()),
        members,
        dumped,
    }
}
