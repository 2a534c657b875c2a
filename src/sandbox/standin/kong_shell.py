"""Just enough of a shell to run a task's ``sh -c`` script: lists, quotes, variables, redirects.

It knows nothing of Kong: the caller gives the function that runs a command. Conditions, loops,
functions and command substitution are not understood and fail loudly, as they must not pass by
being ignored.
"""

import re
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

# Runs one command: words, environment, files -> exit code, standard output.
Run = Callable[[List[str], Dict[str, str], Dict[str, str]], Tuple[int, str]]

_OPERATORS = ("&&", "||", ";;", ">>", "<<", ">&", ";", "\n", "|", ">", "<", "&", "(", ")")
_NOT_UNDERSTOOD = {"if", "then", "else", "fi", "while", "until", "for", "case", "do", "done", "function", "[["}
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)(?::?-([^}]*))?\}|([A-Za-z_]\w*|\?))")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


class ShellError(Exception):
    """The script uses something that is not simulated."""


class _Word(NamedTuple):
    # Pieces of text; a piece in single quotes is taken as it is.
    pieces: List[Tuple[str, bool]]
    operator: bool = False

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.pieces)


def run_script(script: str, env: Dict[str, str], run: Run, errexit: bool = False) -> int:
    """Run a script to its end and return its exit code."""
    return _Shell(dict(env), run, errexit).script(script)


class _Exit(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Shell:
    def __init__(self, env: Dict[str, str], run: Run, errexit: bool) -> None:
        self.env = env
        self.files: Dict[str, str] = {}
        self.run = run
        self.errexit = errexit
        self.status = 0

    def script(self, script: str) -> int:
        words, documents = _split(script)
        try:
            self._list(words, documents)
        except _Exit as end:
            return end.code
        return self.status

    def _list(self, words: List[_Word], documents: List[Tuple[str, bool]]) -> None:
        command: List[_Word] = []
        before = ";"
        for word in words + [_Word([(";", True)], True)]:
            if not word.operator or word.text in (">", ">>", "<", "<<", ">&", "|"):
                command.append(word)
                continue
            if word.text not in (";", "\n", "&&", "||"):
                raise ShellError(f"'{word.text}' is not simulated")
            if command:
                if _goes_on(before, self.status):
                    self.status = self._pipeline(command, documents)
                    if self.status and self.errexit and word.text not in ("&&", "||"):
                        raise _Exit(self.status)
                else:
                    _skip_documents(command, documents)
                before, command = word.text, []
            elif word.text in ("&&", "||"):
                raise ShellError(f"syntax error near '{word.text}'")

    def _pipeline(self, words: List[_Word], documents: List[Tuple[str, bool]]) -> int:
        status, part = 0, []
        for word in words + [_Word([("|", True)], True)]:
            if word.operator and word.text == "|":
                status, part = self._command(part, documents), []
            else:
                part.append(word)
        return status

    def _command(self, words: List[_Word], documents: List[Tuple[str, bool]]) -> int:
        arguments, target, append, given = self._redirects(words, documents)
        env = dict(self.env)
        while arguments and _ASSIGNMENT.match(arguments[0]):
            name, _, value = arguments.pop(0).partition("=")
            env[name] = value
            if not arguments:
                self.env[name] = value
                return 0
        if not arguments:
            return 0
        code, output = self._builtin(arguments, env, given)
        if target is not None and target != "/dev/null":
            self.files[target] = (self.files.get(target, "") if append else "") + output
        elif target is None and output:
            self.run(["echo", output], env, self.files)
        return code

    def _redirects(
        self, words: List[_Word], documents: List[Tuple[str, bool]]
    ) -> Tuple[List[str], Optional[str], bool, str]:
        arguments: List[str] = []
        target, append, given = None, False, ""
        rest = iter(words)
        for word in rest:
            if not word.operator:
                arguments.append(self._expand(word))
                continue
            operand = next(rest, None)
            if operand is None:
                raise ShellError("syntax error: nothing to redirect to")
            descriptor = arguments.pop() if arguments and arguments[-1] in ("1", "2") else "1"
            if word.text == "<<":
                text, quoted = documents.pop(0)
                given = text if quoted else self._variables(text)
            elif word.text == "<":
                given = self.files.get(self._expand(operand), "")
            elif word.text in (">", ">>") and descriptor == "1":
                target, append = self._expand(operand), word.text == ">>"
        return arguments, target, append, given

    def _builtin(self, words: List[str], env: Dict[str, str], given: str) -> Tuple[int, str]:
        name, rest = words[0], words[1:]
        if name in _NOT_UNDERSTOOD or name in ("{", "}"):
            raise ShellError(f"'{name}' is not simulated")
        if name == "exit":
            raise _Exit(int(rest[0]) if rest else self.status)
        if name == "set":
            self._set(rest)
        elif name == "export":
            for pair in rest:
                key, sign, value = pair.partition("=")
                if sign:
                    self.env[key] = value
        elif name == "exec":
            raise _Exit(self.run(rest, env, self.files)[0])
        elif name == "echo":
            return 0, " ".join(rest[1:] if rest[:1] == ["-n"] else rest) + ("" if rest[:1] == ["-n"] else "\n")
        elif name == "printf":
            return 0, _printf(rest)
        elif name == "cat":
            return 0, given + "".join(self.files.get(path, "") for path in rest)
        elif name == "false":
            return 1, ""
        else:
            return self.run(words, env, self.files)
        return 0, ""

    def _set(self, options: List[str]) -> None:
        for option in options:
            if option.startswith("-") and "e" in option and option != "-o":
                self.errexit = True
            elif option.startswith("+") and "e" in option:
                self.errexit = False
            elif option == "errexit":
                self.errexit = True

    def _expand(self, word: _Word) -> str:
        return "".join(text if quoted else self._variables(text) for text, quoted in word.pieces)

    def _variables(self, text: str) -> str:
        if "$(" in text or "`" in text:
            raise ShellError("command substitution is not simulated")

        def value(match: "re.Match[str]") -> str:
            name = match.group(1) or match.group(3)
            if name == "?":
                return str(self.status)
            return self.env.get(name) or match.group(2) or ""

        return _VARIABLE.sub(value, text)


def _goes_on(before: str, status: int) -> bool:
    return not (before == "&&" and status != 0 or before == "||" and status == 0)


def _skip_documents(command: List[_Word], documents: List[Tuple[str, bool]]) -> None:
    for word in command:
        if word.operator and word.text == "<<":
            documents.pop(0)


def _split(script: str) -> Tuple[List[_Word], List[Tuple[str, bool]]]:
    words: List[_Word] = []
    documents: List[Tuple[str, bool]] = []
    expected: List[_Word] = []
    at, here = 0, script.replace("\\\n", " ")
    while at < len(here):
        char = here[at]
        if char in " \t\r":
            at += 1
        elif char == "#":
            at = (here + "\n").find("\n", at)
        else:
            operator = next((o for o in _OPERATORS if here.startswith(o, at)), None)
            if operator:
                at += len(operator)
                if operator == "<<" and here[at : at + 1] == "-":
                    at += 1
                words.append(_Word([(operator, True)], True))
                if operator == "\n":
                    at = _documents(here, at, expected, documents)
            else:
                word, at = _word(here, at)
                if words and words[-1].operator and words[-1].text == "<<":
                    expected.append(word)
                words.append(word)
    return words, documents


def _documents(text: str, at: int, expected: List[_Word], documents: List[Tuple[str, bool]]) -> int:
    for word in expected:
        lines = []
        while at < len(text):
            line, _, _ = text[at:].partition("\n")
            at += len(line) + 1
            if line.strip("\t") == word.text:
                break
            lines.append(line + "\n")
        documents.append(("".join(lines), any(quoted for _, quoted in word.pieces)))
    expected.clear()
    return at


def _word(text: str, at: int) -> Tuple[_Word, int]:
    pieces: List[Tuple[str, bool]] = []
    while at < len(text):
        char = text[at]
        if char in " \t\r" or any(text.startswith(o, at) for o in _OPERATORS):
            break
        if char == "'":
            end = text.find("'", at + 1)
            if end < 0:
                raise ShellError("unterminated quoted string")
            pieces.append((text[at + 1 : end], True))
            at = end + 1
        elif char == '"':
            inside, at = _double_quoted(text, at + 1)
            pieces.extend(inside)
        elif char == "\\":
            pieces.append((text[at + 1 : at + 2], True))
            at += 2
        elif char == "$" and text[at : at + 2] == "${":
            end = text.find("}", at)
            pieces.append((text[at : end + 1], False))
            at = end + 1
        else:
            pieces.append((char, False))
            at += 1
    return _Word(_joined(pieces)), at


def _double_quoted(text: str, at: int) -> Tuple[List[Tuple[str, bool]], int]:
    pieces: List[Tuple[str, bool]] = [("", True)]
    while at < len(text) and text[at] != '"':
        if text[at] == "\\" and text[at + 1 : at + 2] in ('"', "\\", "$", "`"):
            pieces.append((text[at + 1], True))
            at += 2
        else:
            pieces.append((text[at], False))
            at += 1
    if at >= len(text):
        raise ShellError("unterminated quoted string")
    return pieces, at + 1


def _joined(pieces: List[Tuple[str, bool]]) -> List[Tuple[str, bool]]:
    joined: List[Tuple[str, bool]] = []
    for text, quoted in pieces:
        if joined and joined[-1][1] == quoted:
            joined[-1] = (joined[-1][0] + text, quoted)
        else:
            joined.append((text, quoted))
    return joined


def _printf(words: List[str]) -> str:
    if words[:1] == ["--"]:
        words = words[1:]
    if not words:
        return ""
    form, values = _unescape(words[0]), list(words[1:])
    text = ""
    while True:
        taken = False

        def value(match: "re.Match[str]") -> str:
            nonlocal taken
            if match.group(0) == "%%":
                return "%"
            taken = True
            piece = values.pop(0) if values else ""
            return _unescape(piece) if match.group(0) == "%b" else piece

        text += re.sub(r"%%|%-?\d*[sbdi]", value, form)
        if not values or not taken:
            return text


def _unescape(text: str) -> str:
    known = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}
    return re.sub(r"\\(.)", lambda m: known.get(m.group(1), m.group(0)), text)
