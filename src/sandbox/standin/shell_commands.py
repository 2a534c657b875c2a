"""The commands a task's script may use besides Kong's: their output and exit code from their input.

Each is a function of words, standard input and files, and prints nothing itself. What is not here
does not run: a script that counted on it must not pass.
"""

import hashlib
import re
from typing import Callable, Dict, List, Tuple

Files = Dict[str, str]
# Words without the name, standard input, files -> exit code, standard output.
Command = Callable[[List[str], str, Files], Tuple[int, str]]


def _echo(words: List[str], given: str, files: Files) -> Tuple[int, str]:
    bare = words[:1] == ["-n"]
    return 0, " ".join(words[1:] if bare else words) + ("" if bare else "\n")


def _printf(words: List[str], given: str, files: Files) -> Tuple[int, str]:
    if words[:1] == ["--"]:
        words = words[1:]
    if not words:
        return 2, ""
    form, values, text = _unescape(words[0]), list(words[1:]), ""
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
            return 0, text


def _unescape(text: str) -> str:
    known = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}
    return re.sub(r"\\(.)", lambda m: known.get(m.group(1), m.group(0)), text)


def _cat(words: List[str], given: str, files: Files) -> Tuple[int, str]:
    paths = [w for w in words if w == "-" or not w.startswith("-")] or ["-"]
    known = [given if path == "-" else files.get(path) for path in paths]
    return int(None in known), "".join(text for text in known if text is not None)


def _grep(words: List[str], given: str, files: Files) -> Tuple[int, str]:
    flags = "".join(w[1:] for w in words if len(w) > 1 and w.startswith("-") and w != "--")
    plain = [w for w in words if not (len(w) > 1 and w.startswith("-"))]
    if not plain or set(flags) - set("EFqvixcse"):
        return 2, ""
    pattern = re.escape(plain[0]) if "F" in flags else _regular(plain[0], "E" in flags)
    if "x" in flags:
        pattern = f"^(?:{pattern})$"
    code, text = _cat(plain[1:], given, files)
    if code:
        return 2, ""
    find = re.compile(pattern, re.IGNORECASE if "i" in flags else 0).search
    lines = [line for line in text.splitlines() if bool(find(line)) != ("v" in flags)]
    shown = f"{len(lines)}\n" if "c" in flags else "".join(line + "\n" for line in lines)
    return int(not lines), "" if "q" in flags else shown


def _regular(pattern: str, extended: bool) -> str:
    classes = {"alnum": "A-Za-z0-9", "alpha": "A-Za-z", "digit": "0-9", "space": r"\s", "upper": "A-Z", "lower": "a-z"}
    for name, characters in classes.items():
        pattern = pattern.replace(f"[:{name}:]", characters)
    if extended:
        return pattern
    # A basic expression: these are ordinary characters unless a backslash stands before.
    return re.sub(r"\\([(){}|+?])|([(){}|+?])", lambda m: m[1] or "\\" + m[2], pattern)


def _test(words: List[str], given: str, files: Files) -> Tuple[int, str]:
    if words[:1] == ["!"]:
        code, _ = _test(words[1:], given, files)
        return (code if code > 1 else 1 - code), ""
    if len(words) <= 1:
        return int(not any(words)), ""
    if len(words) == 2:
        asked = {"-n": bool(words[1]), "-z": not words[1]}
        for flag in ("-f", "-e", "-r"):
            asked[flag] = words[1] in files
        asked["-s"] = bool(files.get(words[1]))
        return (2 if words[0] not in asked else int(not asked[words[0]])), ""
    left, operator, right = (words + [""])[:3]
    if len(words) > 3:
        return 2, ""
    if operator in ("=", "==", "!="):
        return int((left == right) == (operator == "!=")), ""
    try:
        difference = int(left) - int(right)
    except ValueError:
        return 2, ""
    holds = {
        "-eq": difference == 0,
        "-ne": difference != 0,
        "-lt": difference < 0,
        "-le": difference <= 0,
        "-gt": difference > 0,
        "-ge": difference >= 0,
    }
    return (2 if operator not in holds else int(not holds[operator])), ""


def _bracket(words: List[str], given: str, files: Files) -> Tuple[int, str]:
    return _test(words[:-1], given, files) if words[-1:] == ["]"] else (2, "")


def _remove(words: List[str], given: str, files: Files) -> Tuple[int, str]:
    for path in words:
        files.pop(path, None)
    return 0, ""


def _count(words: List[str], given: str, files: Files) -> Tuple[int, str]:
    text = _cat(words, given, files)[1]
    if "-c" in words:
        return 0, f"{len(text.encode())}\n"
    return 0, f"{text.count(chr(10)) if '-l' in words else len(text.split())}\n"


def _digest(words: List[str], given: str, files: Files) -> Tuple[int, str]:
    code, text = _cat(words, given, files)
    name = words[0] if words else "-"
    return code, "" if code else f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n"


def _characters(words: List[str], given: str, files: Files) -> Tuple[int, str]:
    # `cut -c FROM-TO [FILE]`, no more.
    if len(words) < 2 or words[0] != "-c" or not re.fullmatch(r"\d+-\d+", words[1]):
        return 1, ""
    first, last = (int(part) for part in words[1].split("-"))
    code, text = _cat(words[2:], given, files)
    return code, "".join(line[first - 1 : last] + "\n" for line in text.splitlines())


def _without(words: List[str], given: str, files: Files) -> Tuple[int, str]:
    # `tr -d CHARACTERS`, no more.
    if len(words) != 2 or words[0] != "-d":
        return 1, ""
    return 0, "".join(character for character in given if character not in _unescape(words[1]))


def _nothing(words: List[str], given: str, files: Files) -> Tuple[int, str]:
    return 0, ""


COMMANDS: Dict[str, Command] = {
    ":": _nothing,
    "[": _bracket,
    "cat": _cat,
    # Rights, folders and time have no part in the simulation.
    "chmod": _nothing,
    "cut": _characters,
    "echo": _echo,
    "false": lambda words, given, files: (1, ""),
    "grep": _grep,
    "mkdir": _nothing,
    "printf": _printf,
    "rm": _remove,
    "sha256sum": _digest,
    "sleep": _nothing,
    "test": _test,
    "tr": _without,
    "true": _nothing,
    "ulimit": _nothing,
    "umask": _nothing,
    "wc": _count,
}
