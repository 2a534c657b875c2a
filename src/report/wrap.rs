//! Long texts in narrow places.

/// Breaks `text` into lines of at most `width` characters, at spaces where there are any, otherwise anywhere.
///
/// Lines that the text itself has are kept, and so is their indentation, which what is broken off them shares; colours
/// and control characters are not.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    clean(text)
        .lines()
        .flat_map(|line| wrap_line(line, width))
        .collect()
}

/// As [`wrap`], with the lines after the first indented by `indent`, which counts.
pub(super) fn hang(text: &str, width: usize, indent: usize) -> String {
    let lines = wrap(text, width.saturating_sub(indent));
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

/// A text from elsewhere (AWS, a log, a file) without anything that a terminal would act on.
pub(super) fn clean(text: &str) -> String {
    let text = anstream::adapter::strip_str(text).to_string();
    let harmless = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
    text.chars().map(harmless).collect()
}

fn wrap_line(line: &str, width: usize) -> Vec<String> {
    let indent = line.len() - line.trim_start().len();
    // What is indented more than that is laid out by somebody else.
    let indent = if indent <= width / 2 { indent } else { 0 };
    let (margin, mut rest) = line.split_at(indent);
    let width = width - indent;
    let mut lines = Vec::new();
    loop {
        let Some((limit, _)) = rest.char_indices().nth(width) else {
            lines.push(format!("{margin}{rest}").trim_end().to_owned());
            return lines;
        };
        // One more than fits may be looked at: a space there ends the line.
        let within = rest
            .char_indices()
            .nth(width + 1)
            .map_or(rest.len(), |(end, _)| end);
        let space = rest.get(..within).and_then(|part| part.rfind(' '));
        let start = rest.len() - rest.trim_start().len();
        let (end, next) = match space.filter(|space| *space > start) {
            Some(space) => (space, space + 1),
            None => (limit, limit),
        };
        let part = rest.get(..end).unwrap_or_default();
        lines.push(format!("{margin}{part}").trim_end().to_owned());
        rest = rest.get(next..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("one two three", 9), ["one two", "three"]);
        assert_eq!(wrap("one two", 8), ["one two"]);
        assert_eq!(wrap("12345678 x", 8), ["12345678", "x"]);
    }

    #[test]
    fn what_has_no_spaces_breaks_anywhere() {
        assert_eq!(wrap("1234567890abc", 10), ["1234567890", "abc"]);
        assert_eq!(wrap("ééééééééé", 8), ["éééééééé", "é"]);
    }

    #[test]
    fn a_terminal_is_told_nothing_by_others() {
        assert_eq!(clean("a\u{1b}[31mb\u{7}c\td\ne"), "abc d\ne");
    }

    #[test]
    fn own_lines_and_their_indentation_stay() {
        assert_eq!(wrap("a\n  b c", 20), ["a", "  b c"]);
        assert_eq!(wrap("  one two three", 11), ["  one two", "  three"]);
        assert_eq!(hang("one two three", 12, 4), "one two\n    three");
    }
}
