"""A script's text taken apart: words with what is quoted in them, operators, here-documents.

What a word becomes when variables are put in is decided here too; what runs is ``kong_shell``'s.
"""

import re
from fnmatch import translate
from typing import Dict, List, NamedTuple, Optional, Tuple

OPERATORS = ("&&", "||", ";;", ">>", "<<", ">&", ";", "\n", "|", ">", "<", "&", "(", ")")
REDIRECTS = (">>", "<<", ">&", ">", "<")
# How a piece of a word was quoted: not at all, in double quotes, or so that it stands for itself.
PLAIN, DOUBLE, LITERAL = "plain", "double", "literal"

_VARIABLE = re.compile(
    r"\$(?:\{(?P<size>#)?(?P<braced>\w+|\?)(?:(?P<how>:?[-+?=]|##?|%%?)(?P<with>[^}]*))?\}|(?P<bare>[A-Za-z_]\w*|\?))"
)


class ShellError(Exception):
    """The script uses something that is not simulated, or that a shell refuses as well."""


class Word(NamedTuple):
    """A word, or an operator."""

    pieces: List[Tuple[str, str]]
    operator: bool = False
    # What a redirect is of: 0, 1 or 2.
    descriptor: str = ""

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.pieces)


Document = Tuple[str, bool]


class Variables:
    """The variables of a shell, and the last exit code."""

    def __init__(self, env: Dict[str, str]) -> None:
        self.env = env
        self.status = 0
        # `set -u`: a variable that is not set is an error.
        self.nounset = False

    def words(self, word: Word) -> List[str]:
        """What the word becomes: none, one or several."""
        fields, open_field = [""], False
        for text, how in word.pieces:
            if how != PLAIN:
                fields[-1] += text if how == LITERAL else self.filled(text)
                open_field = True
                continue
            for part, expanded in self._parts(text):
                if not expanded:
                    fields[-1] += part
                    open_field = True
                    continue
                split = re.split(r"[ \t\n]+", part)
                fields[-1] += split[0]
                fields.extend(split[1:])
        return [f for i, f in enumerate(fields) if f or (open_field and len(fields) == 1 and i == 0)]

    def text(self, word: Word) -> str:
        """What the word becomes where a shell does not split: a value, a file's name."""
        return "".join(text if how == LITERAL else self.filled(text) for text, how in word.pieces)

    def filled(self, text: str) -> str:
        """A text with the values of its variables."""
        return "".join(part for part, _ in self._parts(text))

    def _parts(self, text: str) -> List[Tuple[str, bool]]:
        if "$(" in text or "`" in text:
            raise ShellError("command substitution is not simulated")
        parts, at = [], 0
        for match in _VARIABLE.finditer(text):
            parts += [(text[at : match.start()], False), (self._value(match), True)]
            at = match.end()
        parts.append((text[at:], False))
        if any("${" in part for part, expanded in parts if not expanded):
            raise ShellError("Bad substitution")
        return [part for part in parts if part[0] or part[1]]

    def _value(self, match: "re.Match[str]") -> str:
        name = match["braced"] or match["bare"]
        value = str(self.status) if name == "?" else self.env.get(name)
        how, operand = match["how"] or "", match["with"] or ""
        if how.lstrip(":") in ("-", "=", "+", "?") and how:
            return self._instead(name, value, how, self.filled(operand))
        if value is None and self.nounset:
            raise ShellError(f"{name}: parameter not set")
        value = value or ""
        if match["size"]:
            return str(len(value))
        return _cut(value, how, self.filled(operand)) if how else value

    def _instead(self, name: str, value: Optional[str], how: str, operand: str) -> str:
        absent = value is None or (how.startswith(":") and value == "")
        if how.endswith("+"):
            return "" if absent else operand
        if not absent:
            return str(value)
        if how.endswith("?"):
            raise ShellError(f"{name}: {operand or 'parameter not set'}")
        if how.endswith("="):
            self.env[name] = operand
        return operand


def _cut(value: str, how: str, pattern: str) -> str:
    # `#` takes from the front, `%` from the back, doubled the longest piece that matches.
    matches = re.compile(translate(pattern)).match
    lengths = range(len(value) + 1) if len(how) == 1 else range(len(value), -1, -1)
    for length in lengths:
        piece = value[:length] if how[0] == "#" else value[len(value) - length :]
        if matches(piece):
            return value[length:] if how[0] == "#" else value[: len(value) - length]
    return value


def split(script: str) -> Tuple[List[Word], List[Document]]:
    """The words and operators of a script, and its here-documents in order."""
    words: List[Word] = []
    documents: List[Document] = []
    expected: List[Word] = []
    at, text = 0, script.replace("\\\n", " ")
    while at < len(text):
        if text[at] in " \t\r":
            at += 1
            continue
        if text[at] == "#":
            at = (text + "\n").find("\n", at)
            continue
        numbered = re.compile(r"[012](?=[<>])").match(text, at)
        descriptor = numbered[0] if numbered else ""
        operator = next((o for o in OPERATORS if text.startswith(o, at + len(descriptor))), None)
        if operator:
            at += len(descriptor) + len(operator)
            if operator == "<<" and text[at : at + 1] == "-":
                at += 1
            words.append(Word([(operator, LITERAL)], True, descriptor or ("0" if operator[0] == "<" else "1")))
            if operator == "\n":
                at = _documents(text, at, expected, documents)
        else:
            word, at = _word(text, at)
            if words and words[-1].operator and words[-1].text == "<<":
                expected.append(word)
            words.append(word)
    return words, documents


def _documents(text: str, at: int, expected: List[Word], documents: List[Document]) -> int:
    for word in expected:
        lines = []
        while at < len(text):
            line, _, _ = text[at:].partition("\n")
            at += len(line) + 1
            if line.strip("\t") == word.text:
                break
            lines.append(line + "\n")
        documents.append(("".join(lines), any(how != PLAIN for _, how in word.pieces)))
    expected.clear()
    return at


def _word(text: str, at: int) -> Tuple[Word, int]:
    pieces: List[Tuple[str, str]] = []
    while at < len(text):
        char = text[at]
        if char in " \t\r" or any(text.startswith(o, at) for o in OPERATORS):
            break
        if char == "'":
            end = text.find("'", at + 1)
            if end < 0:
                raise ShellError("Syntax error: Unterminated quoted string")
            pieces.append((text[at + 1 : end], LITERAL))
            at = end + 1
        elif char == '"':
            inside, at = _double_quoted(text, at + 1)
            pieces.extend(inside)
        elif char == "\\":
            pieces.append((text[at + 1 : at + 2], LITERAL))
            at += 2
        elif text.startswith("${", at):
            end = text.find("}", at)
            if end < 0:
                raise ShellError("Syntax error: end of file unexpected (expecting \"}\")")
            pieces.append((text[at : end + 1], PLAIN))
            at = end + 1
        elif text.startswith("$(", at):
            raise ShellError("command substitution is not simulated")
        else:
            pieces.append((char, PLAIN))
            at += 1
    return Word(_joined(pieces)), at


def _double_quoted(text: str, at: int) -> Tuple[List[Tuple[str, str]], int]:
    pieces: List[Tuple[str, str]] = [("", LITERAL)]
    while at < len(text) and text[at] != '"':
        if text[at] == "\\" and text[at + 1 : at + 2] in ('"', "\\", "$", "`"):
            pieces.append((text[at + 1], LITERAL))
            at += 2
        else:
            pieces.append((text[at], DOUBLE))
            at += 1
    if at >= len(text):
        raise ShellError("Syntax error: Unterminated quoted string")
    return pieces, at + 1


def _joined(pieces: List[Tuple[str, str]]) -> List[Tuple[str, str]]:
    joined: List[Tuple[str, str]] = []
    for text, how in pieces:
        if joined and joined[-1][1] == how:
            joined[-1] = (joined[-1][0] + text, how)
        else:
            joined.append((text, how))
    return joined
