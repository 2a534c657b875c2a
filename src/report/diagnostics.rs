//! Problems of a spec as text for people: message, place, the line itself, why, and what to write instead.
//!
//! Drawing is `annotate-snippets`' work. What a problem is, and where, is the spec's.

use std::ops::Range;

use annotate_snippets::{
    AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str,
};

use crate::spec::{Invalid, Place, Problem, Span};

/// Columns that the frame and a message's name take before its text.
const INDENT: usize = 15;
/// Lines between two places that are still shown as one piece.
const MOST_LINES: usize = 40;

/// Every problem of a spec, and how many there are; ends with a line break.
pub(crate) fn render(invalid: &Invalid, color: bool, width: usize) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    }
    .term_width(width);
    let text = masked(invalid);
    let page = Page {
        name: &invalid.document.name,
        text: &text,
        width,
    };
    let mut out = String::new();
    for problem in &invalid.problems {
        let report = [page.group(problem)];
        out.push_str(&renderer.render(&report));
        out.push_str("\n\n");
    }
    let count = invalid.problems.len();
    let noun = if count == 1 { "problem" } else { "problems" };
    out.push_str(&format!(
        "{count} {noun} in {}\n",
        normalize_untrusted_str(page.name)
    ));
    out
}

/// The file's text with every value that may be a secret blotted out, byte for byte.
fn masked(invalid: &Invalid) -> String {
    let document = &invalid.document;
    let spans: Vec<&Range<usize>> = invalid
        .problems
        .iter()
        .filter(|problem| problem.secret)
        .filter_map(|problem| document.value_span(&problem.path))
        .map(|span| &span.bytes)
        .collect();
    let mut text = String::with_capacity(document.text.len());
    for (at, char) in document.text.char_indices() {
        let secret = !matches!(char, '\n' | '\r') && spans.iter().any(|span| span.contains(&at));
        match secret {
            true => text.extend(std::iter::repeat_n('*', char.len_utf8())),
            false => text.push(char),
        }
    }
    text
}

struct Page<'a> {
    name: &'a str,
    text: &'a str,
    width: usize,
}

impl<'a> Page<'a> {
    fn group(&self, problem: &'a Problem) -> Group<'a> {
        let title = Level::ERROR
            .primary_title(problem.message.as_str())
            .id(problem.rule.to_string());
        title
            .element(self.place(problem))
            .element(
                Level::NOTE
                    .with_name("reason")
                    .message(self.wrap(&problem.reason)),
            )
            .element(Level::HELP.message(self.wrap(&problem.fix)))
    }

    fn place(&self, problem: &'a Problem) -> Element<'a> {
        match &problem.place {
            Place::Whole => Origin::path(self.name).into(),
            Place::Argument(argument) => Origin::path(argument.as_str()).into(),
            Place::File(span) => self.snippet(span, problem.first.as_ref()).into(),
        }
    }

    fn snippet(
        &self,
        span: &Span,
        first: Option<&Span>,
    ) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        let first =
            first.filter(|first| first.line <= span.line && span.line - first.line <= MOST_LINES);
        let top = first.unwrap_or(span);
        let start = self.line(top).start;
        let end = self.line(span).end;
        let cut = |bytes: &Range<usize>| {
            let from = bytes.start.clamp(start, end);
            from - start..bytes.end.clamp(from, end) - start
        };
        let mut snippet = Snippet::source(self.text.get(start..end).unwrap_or_default())
            .path(self.name)
            .line_start(top.line)
            .annotation(AnnotationKind::Primary.span(cut(&self.within_line(span))));
        if let Some(first) = first {
            let range = cut(&self.within_line(first));
            snippet = snippet.annotation(AnnotationKind::Context.span(range).label("first here"));
        }
        snippet
    }

    /// The line a span begins in, without its end.
    fn line(&self, span: &Span) -> Range<usize> {
        let at = span.bytes.start.min(self.text.len());
        let (before, after) = (
            self.text.get(..at).unwrap_or_default(),
            self.text.get(at..).unwrap_or_default(),
        );
        let start = before.rfind('\n').map_or(0, |index| index + 1);
        let end = at + after.find(['\n', '\r']).unwrap_or(after.len());
        start..end
    }

    /// The part of a span that lies in its first line.
    fn within_line(&self, span: &Span) -> Range<usize> {
        span.bytes.start
            ..span
                .bytes
                .end
                .min(self.line(span).end)
                .max(span.bytes.start)
    }

    /// Breaks a text between words; a word that is too long stays whole, to be copied.
    fn wrap(&self, text: &str) -> String {
        let most = self.width.saturating_sub(INDENT).max(20);
        let mut lines = vec![String::new()];
        for word in normalize_untrusted_str(text).split(' ') {
            let line = lines.last_mut().filter(|line| {
                line.is_empty() || line.chars().count() + 1 + word.chars().count() <= most
            });
            match line {
                Some(line) if line.is_empty() => line.push_str(word),
                Some(line) => {
                    line.push(' ');
                    line.push_str(word);
                }
                None => lines.push(word.to_owned()),
            }
        }
        lines.join("\n")
    }
}
