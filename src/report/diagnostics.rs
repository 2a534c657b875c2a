//! Problems of a spec as text for people: message, place, the line itself, why, and what to write instead.
//!
//! Drawing is `annotate-snippets`' work. What a problem is, and where, is the spec's.

use std::ops::Range;

use annotate_snippets::{
    AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str,
};

use super::wrap::wrap;
use crate::spec::{Invalid, Place, Problem, Span};

/// Columns that the frame and a message's name take before its text.
const INDENT: usize = 15;
/// Bytes of a line that is still shown; a longer one was written by a program, and its place is enough.
const LONGEST_LINE: usize = 4096;
/// Characters of a message; only a value from the file makes one longer.
const LONGEST_MESSAGE: usize = 300;
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

/// A text without the end of what is too long to be read.
fn shortened(text: &str) -> String {
    let mut end = text.char_indices().skip(LONGEST_MESSAGE);
    end.next()
        .map_or_else(|| text.to_owned(), |(at, _)| format!("{}…", &text[..at]))
}

struct Page<'a> {
    name: &'a str,
    text: &'a str,
    width: usize,
}

impl<'a> Page<'a> {
    fn group(&self, problem: &'a Problem) -> Group<'a> {
        let title = Level::ERROR
            .primary_title(shortened(&problem.message))
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
            Place::File(span) if self.line(span).len() > LONGEST_LINE => Origin::path(self.name)
                .line(span.line)
                .char_column(span.column)
                .into(),
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
        wrap(&normalize_untrusted_str(&shortened(text)), most).join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::spec::{Override, Source, load};

    fn rendered(text: &str, overrides: &[&str], width: usize) -> String {
        let overrides: Vec<_> = overrides.iter().map(|one| Override::set(one)).collect();
        let source = Source {
            name: "kongstack.yaml".to_owned(),
            text: text.to_owned(),
        };
        load(source, &overrides)
            .map_or_else(|invalid| render(&invalid, false, width), |_| String::new())
    }

    const MANY: &str = "\
name: kong-gw
regoin: eu-west-1
network:
  public_subnets: [10.0.1.0/24, 10.0.1.128/25]
  egress: natt
database: {capacity: {auto_pause: 10}}
kong:
  image: kong:latest
  environment: {KONG_REDIS_PASSWORD: hunter2}
data_plane:
  scaling: {min: 3}
  scaling: {max: 4}
admin:
  api_key: hunter2
";

    #[test]
    #[expect(
        clippy::too_many_lines,
        reason = "the snapshot is long because it shows many mistakes"
    )]
    fn many_mistakes() {
        insta::assert_snapshot!(rendered(MANY, &["logs.retention_days=8"], 80), @r"
        error[missing-key]: the spec has no `region`
         --> kongstack.yaml:1:1
          |
        1 | name: kong-gw
          | ^
          |
          = reason: every resource lives in one
          = help: add `region: eu-west-1`

        error[unknown-key]: unknown key `regoin`
         --> kongstack.yaml:2:1
          |
        2 | regoin: eu-west-1
          | ^^^^^^
          |
          = reason: this version does not know it, and to ignore it would hide a slip
                    of the pen
          = help: did you mean `region`?

        error[subnet-overlap]: `10.0.1.128/25` overlaps with `10.0.1.0/24`, `network.public_subnets.0`
         --> kongstack.yaml:4:33
          |
        4 |   public_subnets: [10.0.1.0/24, 10.0.1.128/25]
          |                                 ^^^^^^^^^^^^^
          |
          = reason: an address belongs to one subnet only
          = help: move one of them

        error[unknown-value]: unknown value `natt`
         --> kongstack.yaml:5:11
          |
        5 |   egress: natt
          |           ^^^^
          |
          = reason: this version knows no other
          = help: did you mean `nat`?

        error[duration-format]: `10` is not a length of time
         --> kongstack.yaml:6:35
          |
        6 | database: {capacity: {auto_pause: 10}}
          |                                   ^^
          |
          = reason: a bare number could mean seconds or minutes
          = help: give the unit: `10s` or `10m`

        error[image-unpinned]: `kong:latest` is whatever was pushed last
         --> kongstack.yaml:8:10
          |
        8 |   image: kong:latest
          |          ^^^^^^^^^^^
          |
          = reason: a task that is replaced would start another version, and a
                    control plane's must match its database
          = help: write the version, such as `kong:3.9.3`, or a digest

        error[environment-secret]: `KONG_REDIS_PASSWORD` looks like a secret
         --> kongstack.yaml:9:17
          |
        9 |   environment: {KONG_REDIS_PASSWORD: *******}
          |                 ^^^^^^^^^^^^^^^^^^^
          |
          = reason: the environment of a task definition is shown to everybody who
                    can read it, and so is this file
          = help: keep it in Secrets Manager and refer to it from a plugin's
                  configuration with Kong's vaults

        error[duplicate-key]: the key `scaling` is given twice, first in line 11, column 3
          --> kongstack.yaml:12:3
           |
        11 |   scaling: {min: 3}
           |   ------- first here
        12 |   scaling: {max: 4}
           |   ^^^^^^^
           |
           = reason: one of the two would silently win
           = help: keep one of them, or put what is under both together

        error[secret-arn]: this is neither `generate` nor the ARN of a secret
          --> kongstack.yaml:14:12
           |
        14 |   api_key: *******
           |            ^^^^^^^
           |
           = reason: a key in the file would be readable by everybody who can read the
                     file
           = help: write `generate`, or an ARN like
                   `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX`

        error[log-retention]: logs cannot be kept 8 days
        --> --set logs.retention_days=8
         = reason: CloudWatch Logs knows these only: 1, 3, 5, 7, 14, 30, 60, 90,
                   120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
                   3288, 3653
         = help: write `7`

        10 problems in kongstack.yaml
        ");
    }

    #[test]
    fn no_file_to_show() {
        insta::assert_snapshot!(rendered("", &[], 80), @r"
        error[empty-file]: the file says nothing
        --> kongstack.yaml
         = reason: a stack needs at least a name and a region
         = help: the smallest spec is `name: kong-gw` and, on a line of its own,
                 `region: eu-west-1`

        1 problem in kongstack.yaml
        ");
    }

    #[test]
    fn a_narrow_terminal_and_a_long_line() {
        let text = format!(
            "name: kong-gw\nregion: eu-west-1\ntags: {{{}: x, aws:a: y}}\n",
            "a".repeat(120)
        );
        insta::assert_snapshot!(rendered(&text, &[], 50), @r"
        error[tag-key]: the tag `aws:a` begins with `aws:`
         --> kongstack.yaml:3:133
          |
        3 | ...aaaaaaaaaaaa: x, aws:a: y}
          |                     ^^^^^
          |
          = reason: only AWS itself sets such tags
          = help: take another key

        1 problem in kongstack.yaml
        ");
    }

    #[test]
    fn a_line_without_end_is_only_named() {
        let text = format!(
            "name: kong-gw\nregion: eu-west-1\nexec: {}\n",
            "a".repeat(5000)
        );
        let shown = rendered(&text, &[], 80).replace(&"a".repeat(200), "AAA");
        insta::assert_snapshot!(shown, @r"
        error[wrong-type]: `true` or `false` belongs here, not the text `AAAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…
        --> kongstack.yaml:3:7
         = reason: the value has another form than the one asked for
         = help: write `true` or `false`, without quotes

        1 problem in kongstack.yaml
        ");
    }

    #[test]
    fn a_line_with_a_secret_never_shows_it() {
        for text in [
            "kong: {environment: {KONG_REDIS_PASSWORD: hunter2, log: x}}",
            "kong: {environment: {KONG_PG_PASSWORD: hunter2}}",
            "admin: {api_key: hunter2, path: x}",
            "kong: {environment: {KONG_SSL_CERT_KEY: |\n  hunter2\n  hunter2\n}}",
        ] {
            let shown = rendered(
                &format!("name: kong-gw\nregion: eu-west-1\n{text}\n"),
                &["exec=3"],
                80,
            );
            assert!(!shown.is_empty() && !shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn hostile_text_reaches_no_terminal() {
        let shown = rendered(
            "name: \"a\\u202e\\u009b\"\nregion: eu-west-1\nx\u{202e}y: 1\n",
            &[],
            80,
        );
        assert!(!shown.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{shown}");
    }
}
