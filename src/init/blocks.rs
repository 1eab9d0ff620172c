//! A TOML file cut into its tables, each with the comments above it, so that parts can be taken over
//! as they were written.

use std::ops::Range;

/// One `[table]` or `[[table]]` with its comments and its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The comments right above it.
    pub comments: Vec<String>,
    /// What stands between the brackets; empty for what comes before the first table.
    pub header: String,
    /// The lines, the header's included.
    pub lines: Vec<String>,
}

impl Block {
    /// Returns the text with a line break at the end.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in self.comments.iter().chain(&self.lines) {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Returns the part of the header behind a prefix: `measures.`, `categories.`.
    #[must_use]
    pub fn named(&self, prefix: &str) -> Option<&str> {
        self.header.strip_prefix(prefix)
    }

    /// Replaces the value of a key that stands on a line of its own.
    pub fn set(&mut self, key: &str, value: &str) {
        let start = format!("{key} = ");
        for line in &mut self.lines {
            if line.starts_with(&start) {
                *line = format!("{start}{value}");
            }
        }
    }
}

/// Cuts a file into blocks; lines such as `# --- usage ---` and empty ones are left out.
#[must_use]
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = vec![Block {
        comments: vec![],
        header: String::new(),
        lines: vec![],
    }];
    let mut comments: Vec<String> = Vec::new();
    for line in text.lines() {
        let is_header = line.starts_with('[') && line.trim_end().ends_with(']');
        if is_header {
            let header = line.trim().trim_matches(['[', ']']).to_owned();
            blocks.push(Block {
                comments: std::mem::take(&mut comments),
                header,
                lines: vec![line.to_owned()],
            });
        } else if line.starts_with('#') {
            comments.push(line.to_owned());
        } else if line.trim().is_empty() {
            comments.clear();
        } else {
            comments.clear();
            if let Some(block) = blocks.last_mut() {
                block.lines.push(line.to_owned());
            }
        }
    }
    blocks
}

/// Puts blocks below each other and returns the text with the place of each, in bytes.
#[must_use]
pub fn joined(head: &str, parts: &[String]) -> (String, Vec<Range<usize>>) {
    let mut text = head.to_owned();
    let mut places = Vec::new();
    for part in parts {
        if !text.is_empty() && !text.ends_with("\n\n") {
            text.push('\n');
        }
        let start = text.len();
        text.push_str(part);
        places.push(start..text.len());
    }
    (text, places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_takes_the_comments_right_above_it() {
        let text = "# head\n\nname = \"x\"\n\n# --- part ---\n\n# why\n[a.b]\nweight = 0.2\nq = [\n    \"one\",\n]\n\n[[c]]\nid = \"d\"\n";
        let found = blocks(text);
        let headers: Vec<&str> = found.iter().map(|block| block.header.as_str()).collect();
        assert_eq!(headers, ["", "a.b", "c"]);
        assert_eq!(
            found[1].text(),
            "# why\n[a.b]\nweight = 0.2\nq = [\n    \"one\",\n]\n"
        );
        let mut changed = found[1].clone();
        changed.set("weight", "0.5");
        assert_eq!(changed.lines[1], "weight = 0.5");
    }

    #[test]
    fn joined_blocks_know_their_places() {
        let (text, places) = joined("# head\n", &["[a]\n".into(), "[b]\n".into()]);
        assert_eq!(text, "# head\n\n[a]\n\n[b]\n");
        assert_eq!(&text[places[1].clone()], "[b]\n");
    }
}
