//! Long texts in narrow places.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// Breaks `text` into lines of at most `width` columns, at spaces only: an ARN or an address is longer than that rather
/// than torn, so that it can be copied as it stands.
///
/// Lines that the text itself has are kept, and so is their indentation, which what is broken off them shares; colours
/// and control characters are not.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    broken(text, width, false)
}

/// As [`wrap`], but for a value in a column, such as a policy, which has few spaces: what is longer than a line is torn.
pub(super) fn column(text: &str, width: usize) -> Vec<String> {
    broken(text, width, true)
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

fn broken(text: &str, width: usize, tears: bool) -> Vec<String> {
    let (width, mut lines) = (width.max(8), Vec::new());
    for line in clean(text).lines() {
        let indent = line.len() - line.trim_start().len();
        // What is indented more than that is laid out by somebody else.
        let (margin, rest) = line.split_at(if indent <= width / 2 { indent } else { 0 });
        let options = Options::new(width)
            .initial_indent(margin)
            .subsequent_indent(margin)
            .break_words(tears)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation)
            .wrap_algorithm(WrapAlgorithm::FirstFit);
        let parts = textwrap::wrap(rest, options);
        lines.extend(parts.iter().map(|part| part.trim_end().to_owned()));
    }
    lines
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
    fn what_has_no_spaces_stays_whole() {
        assert_eq!(wrap("see 1234567890abc", 10), ["see", "1234567890abc"]);
    }

    #[test]
    fn a_value_in_a_column_breaks_anywhere() {
        assert_eq!(column("1234567890abc", 10), ["1234567890", "abc"]);
        assert_eq!(column("ééééééééé", 8), ["éééééééé", "é"]);
    }

    #[test]
    fn columns_count_and_not_bytes() {
        assert_eq!(wrap("éééé ééé é", 8), ["éééé ééé", "é"]);
        assert_eq!(wrap("日本語 日本", 8), ["日本語", "日本"]);
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
