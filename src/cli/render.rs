//! Errors as a person reads them: where, what was expected, what to do next.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::config::Problem;
use crate::domain::one_line;
use crate::jobs::JobError;
use crate::publish::{LockError, PublishError};

/// Returns an error with every problem it holds, each with its place and its help.
#[must_use]
pub fn error(error: &JobError) -> String {
    match error {
        JobError::Problems(problems) => {
            let mut text: String = problems.told().map(problem).collect();
            let told = problems.told().count();
            if told > 1 {
                text.push_str(&format!("{told} problems\n"));
            }
            text
        }
        JobError::Refused(refusals) => {
            let mut text = String::from("error: nothing was published\n");
            for refusal in refusals {
                text.push_str(&format!(
                    "  {}\n    help: {}\n",
                    one_line(&refusal.reason),
                    refusal.advice
                ));
            }
            text
        }
        JobError::Lock(LockError::Held(_)) => {
            format!(
                "error: {error}\n  help: wait for it to end; a lock is free as soon as its process is gone\n"
            )
        }
        JobError::Lock(LockError::Folder(cause)) | JobError::Publish(cause) => {
            let help = match cause {
                PublishError::Taken(_) => "give a folder that is new or empty",
                _ => {
                    "earlier results are untouched; make room or give the right to write, and run again"
                }
            };
            format!("error: {error}\n  help: {help}\n")
        }
        JobError::Read(_) => {
            let text = one_line(error.to_string().lines().next().unwrap_or_default());
            format!(
                "error: {text}\n  help: the file is damaged, changed while it was read, or holds a value this program cannot hold\n"
            )
        }
        JobError::Engine(_) => {
            let text = one_line(error.to_string().lines().next().unwrap_or_default());
            format!(
                "error: {text}\n  help: this is a bug of healthscore; please report it with the job and the command\n"
            )
        }
    }
}

/// Returns one problem, with the line it stands in.
#[must_use]
pub fn problem(problem: &Problem) -> String {
    let title = one_line(&problem.title);
    let head = Level::ERROR.primary_title(title.as_str());
    let help = problem.help.as_deref().map(one_line);
    let path;
    let group = match &problem.place {
        Some((source, span)) if !span.is_empty() => {
            path = source.path.display().to_string();
            let annotation = AnnotationKind::Primary.span(span.clone());
            let annotation = if problem.label.is_empty() {
                annotation
            } else {
                annotation.label(problem.label.as_str())
            };
            head.element(
                Snippet::source(source.text.as_ref())
                    .path(path.as_str())
                    .annotation(annotation),
            )
        }
        Some((source, _)) => {
            path = source.path.display().to_string();
            Group::with_title(head).element(annotate_snippets::Origin::path(path.as_str()))
        }
        None => Group::with_title(head),
    };
    let group = match &help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    };
    format!("{}\n\n", Renderer::plain().render(&[group]))
}
