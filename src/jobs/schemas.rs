//! JSON Schemas of the files that users write, so that an editor completes and explains every key.
//!
//! They are derived from the types that read the files; a description is the doc comment of the
//! field it describes.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use super::file::JobFile;
use super::row_tests::file::TestsFile;
use crate::exports::file::ExportsFile;
use crate::measures::file::MeasuresFile;
use crate::model::file::ModelFile;

/// A kind of file that users write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// What the warehouse hands over.
    Exports,
    /// What can be measured.
    Measures,
    /// What is believed about health.
    Model,
    /// What to run.
    Job,
    /// What must come of a few rows.
    Test,
}

impl FileKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Exports,
        Self::Measures,
        Self::Model,
        Self::Job,
        Self::Test,
    ];

    /// Returns the kind in one word, which is also the name of its schema's file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Exports => "exports",
            Self::Measures => "measures",
            Self::Model => "model",
            Self::Job => "job",
            Self::Test => "test",
        }
    }

    /// Returns the schema as the text of a JSON file, in draft 7, which every editor knows.
    #[must_use]
    pub fn schema(self) -> String {
        let schema = match self {
            Self::Exports => schema_of::<ExportsFile>(),
            Self::Measures => schema_of::<MeasuresFile>(),
            Self::Model => schema_of::<ModelFile>(),
            Self::Job => schema_of::<JobFile>(),
            Self::Test => schema_of::<TestsFile>(),
        };
        let mut value = schema.to_value();
        value["title"] = format!("healthscore: {}", self.word()).into();
        format!("{value:#}\n")
    }
}

fn schema_of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft07()
        .with_transform(ForToml)
        .into_generator()
        .into_root_schema_for::<T>()
}

/// Makes a schema one of TOML: it has no null, a key is left out; and what is said of a choice is
/// said of the key that makes it.
#[derive(Debug, Clone)]
struct ForToml;

impl Transform for ForToml {
    fn transform(&mut self, schema: &mut Schema) {
        let is_null = |value: &Value| value.as_str() == Some("null");
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|name| !is_null(name));
            if let [only] = types.as_slice() {
                let only = only.clone();
                schema.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
            choices.retain(|choice| !choice.get("type").is_some_and(is_null));
            if let [only] = choices.as_slice() {
                let only = only.clone();
                schema.remove("anyOf");
                if let Value::Object(only) = only {
                    // Beside a reference draft 7 reads nothing, so a description would be lost.
                    let is_reference = only.contains_key("$ref");
                    if is_reference && !schema.as_object().is_none_or(|rest| rest.is_empty()) {
                        schema.insert("allOf".to_owned(), vec![Value::Object(only)].into());
                    } else {
                        for (key, value) in only {
                            schema.insert(key, value);
                        }
                    }
                }
            }
        }
        explain_choice(schema);
        if schema.get("default").is_some_and(Value::is_null) {
            schema.remove("default");
        }
        // Comments are broken where the line ends; an editor breaks its lines itself.
        if let Some(Value::String(text)) = schema.get_mut("description") {
            *text = text.replace('\n', " ");
        }
        transform_subschemas(self, schema);
    }
}

/// Says of the only key of a choice, such as `points` of a curve, what is said of the choice.
fn explain_choice(schema: &mut Schema) {
    let Some(description) = schema.get("description").cloned() else {
        return;
    };
    if let Some(Value::Object(properties)) = schema.get_mut("properties")
        && properties.len() == 1
        && let Some(Value::Object(only)) = properties.values_mut().next()
        && !only.contains_key("description")
    {
        if let Some(reference) = only.remove("$ref") {
            let reference = serde_json::json!({ "$ref": reference });
            only.insert("allOf".to_owned(), vec![reference].into());
        }
        only.insert("description".to_owned(), description);
    }
}
