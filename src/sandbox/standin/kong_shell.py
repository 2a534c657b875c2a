"""Just enough of a shell to run a task's ``sh -c`` script: lists, pipes, redirects, ``set -eu``.

It knows nothing of Kong: the caller gives the function that runs a command. Conditions, loops,
functions and command substitution are not understood and fail loudly, as they must not pass by
being ignored. Words are ``shell_words``'s, the usual commands ``shell_commands``'s.
"""

import re
from typing import Callable, Dict, List, NamedTuple, Optional

from .shell_commands import COMMANDS
from .shell_words import REDIRECTS, Document, ShellError, Variables, Word, split

__all__ = ["Ran", "Run", "ShellError", "run_script"]

_NOT_UNDERSTOOD = {"if", "then", "else", "fi", "while", "until", "for", "case", "do", "done", "function", "[[", "{", "}"}
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=")


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str = ""
    err: str = ""


# Runs one command that the shell does not know: words, environment, files.
Run = Callable[[List[str], Dict[str, str], Dict[str, str]], Optional[Ran]]


class _Streams:
    # Where a command reads and writes; None is what the shell itself has: the task's log.
    def __init__(self) -> None:
        self.given = ""
        self.out: Optional[str] = None
        self.err: Optional[str] = None


def run_script(script: str, env: Dict[str, str], run: Run, say: Callable[[str], None], errexit: bool = False) -> int:
    """Run a script to its end and return its exit code; ``say`` gets what it prints.

    ``run`` returns nothing for a command that does not exist.
    """
    return _Shell(dict(env), run, say, errexit).script(script)


class _Exit(Exception):
    def __init__(self, ran: Ran) -> None:
        super().__init__(ran.code)
        self.ran = ran


class _Shell:
    def __init__(self, env: Dict[str, str], run: Run, say: Callable[[str], None], errexit: bool) -> None:
        self.variables = Variables(env)
        self.files: Dict[str, str] = {}
        self.run, self.say, self.errexit = run, say, errexit
        self.printed: List[str] = []

    def script(self, script: str) -> int:
        try:
            self._list(*split(script))
        except _Exit as end:
            self.printed += [end.ran.out, end.ran.err]
            return end.ran.code
        finally:
            self.say("".join(self.printed))
        return self.variables.status

    def _list(self, words: List[Word], documents: List[Document]) -> None:
        command: List[Word] = []
        before = ";"
        for word in words + [Word([(";", "literal")], True)]:
            if not word.operator or word.text in REDIRECTS or word.text == "|":
                command.append(word)
                continue
            if word.text not in (";", "\n", "&&", "||"):
                raise ShellError(f"'{word.text}' is not simulated")
            if command:
                if _goes_on(before, self.variables.status):
                    self._and_or_part(command, documents, last=word.text in (";", "\n"))
                else:
                    _skip_documents(command, documents)
                before, command = word.text, []
            elif word.text in ("&&", "||"):
                raise ShellError(f'Syntax error: "{word.text}" unexpected')
            elif before in ("&&", "||") and word.text == ";":
                raise ShellError('Syntax error: ";" unexpected')

    def _and_or_part(self, command: List[Word], documents: List[Document], last: bool) -> None:
        negated = not command[0].operator and command[0].text == "!"
        code = self._pipeline(command[1:] if negated else command, documents)
        self.variables.status = int(code == 0) if negated else code
        if self.variables.status and self.errexit and last and not negated:
            raise _Exit(Ran(self.variables.status))

    def _pipeline(self, words: List[Word], documents: List[Document]) -> int:
        parts: List[List[Word]] = [[]]
        for word in words:
            if word.operator and word.text == "|":
                parts.append([])
            else:
                parts[-1].append(word)
        if not all(parts):
            raise ShellError('Syntax error: "|" unexpected')
        if len(parts) == 1:
            ran = self._command(parts[0], documents, "")
        else:
            ran = Ran(0)
            for number, part in enumerate(parts):
                ran = self._in_subshell(part, documents, ran.out)
                if number < len(parts) - 1:
                    self.printed.append(ran.err)
                    ran = ran._replace(err="")
        self.printed += [ran.out, ran.err]
        return ran.code

    def _in_subshell(self, words: List[Word], documents: List[Document], given: str) -> Ran:
        # Each side of a pipe is a process of its own: what it sets is lost, and `exit` ends only it.
        kept = dict(self.variables.env)
        try:
            return self._command(words, documents, given)
        except _Exit as end:
            return end.ran
        finally:
            self.variables.env.clear()
            self.variables.env.update(kept)

    def _command(self, words: List[Word], documents: List[Document], given: str) -> Ran:
        streams = _Streams()
        streams.given = given
        plain = self._redirects(words, documents, streams)
        settings: Dict[str, str] = {}
        while plain and _ASSIGNMENT.match(plain[0].text) and plain[0].pieces[0][1] == "plain":
            name, _, value = self.variables.text(plain.pop(0)).partition("=")
            settings[name] = value
        arguments = [field for word in plain for field in self.variables.words(word)]
        if not arguments:
            self.variables.env.update(settings)
            ran = Ran(0)
        else:
            try:
                ran = self._act(arguments, {**self.variables.env, **settings}, streams.given)
            except _Exit as end:
                raise _Exit(self._written(end.ran, streams)) from None
        return self._written(ran, streams)

    def _redirects(self, words: List[Word], documents: List[Document], streams: _Streams) -> List[Word]:
        plain: List[Word] = []
        rest = iter(words)
        for word in rest:
            if not word.operator:
                plain.append(word)
                continue
            operand = next(rest, None)
            if operand is None or operand.operator:
                raise ShellError("Syntax error: nothing to redirect to")
            name = self.variables.text(operand)
            if word.text == "<<":
                text, quoted = documents.pop(0)
                streams.given = text if quoted else self.variables.filled(text)
            elif word.text == "<":
                if name not in self.files and name != "/dev/null":
                    raise ShellError(f"cannot open {name}: No such file")
                streams.given = self.files.get(name, "")
            else:
                self._aim(streams, word.descriptor, word.text, name)
        return plain

    def _aim(self, streams: _Streams, descriptor: str, operator: str, name: str) -> None:
        if operator == ">&":
            target = streams.out if name == "1" else streams.err if name == "2" else name
        else:
            target = name
            if operator == ">" or name not in self.files:
                self.files[name] = ""
        if descriptor == "2":
            # Both streams of a pipe's left side end up in it only when asked; "" stands for the pipe.
            streams.err = "&1" if operator == ">&" and target is None else target
        else:
            streams.out = "&2" if operator == ">&" and target is None else target

    def _written(self, ran: Ran, streams: _Streams) -> Ran:
        out = err = ""
        for text, target, own in ((ran.out, streams.out, "&1"), (ran.err, streams.err, "&2")):
            where = own if target is None else target
            if where == "&1":
                out += text
            elif where == "&2":
                err += text
            elif where != "/dev/null":
                self.files[where] = self.files.get(where, "") + text
        return Ran(ran.code, out, err)

    def _act(self, words: List[str], env: Dict[str, str], given: str) -> Ran:
        name, rest = words[0], words[1:]
        if name in _NOT_UNDERSTOOD:
            raise ShellError(f"'{name}' is not simulated")
        if name == "exit":
            raise _Exit(Ran(int(rest[0]) if rest else self.variables.status))
        if name == "set":
            self._set(rest)
        elif name == "export":
            self.variables.env.update(pair.partition("=")[::2] for pair in rest if "=" in pair)
        elif name == "unset":
            for gone in rest:
                self.variables.env.pop(gone, None)
        elif name == "exec":
            raise _Exit(self._act(rest, env, given))
        elif name in COMMANDS:
            return Ran(*COMMANDS[name](rest, given, self.files))
        else:
            return self.run(words, env, self.files) or Ran(127, err=f"sh: 1: {name}: not found\n")
        return Ran(0)

    def _set(self, options: List[str]) -> None:
        for number, option in enumerate(options):
            on = option.startswith("-")
            letters = {"errexit": "e", "nounset": "u"}.get(option, option[1:] if option[:1] in "-+" else "")
            if options[number - 1 : number] and option in ("errexit", "nounset"):
                on = options[number - 1].startswith("-")
            if "e" in letters:
                self.errexit = on
            if "u" in letters:
                self.variables.nounset = on


def _goes_on(before: str, status: int) -> bool:
    return not (before == "&&" and status != 0 or before == "||" and status == 0)


def _skip_documents(command: List[Word], documents: List[Document]) -> None:
    for word in command:
        if word.operator and word.text == "<<":
            documents.pop(0)
