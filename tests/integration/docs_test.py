"""Commands that the documents name exist, with the options that they are given."""

import re
import unittest

from harness import PROJECT, MdlTest

DOCUMENTS = ["*.md", "docs/**/*.md", "examples/**/*.md", "templates/**/mdl.yaml", "scripts/quickstart"]
COMMAND = re.compile(r"(?:^|[\s`$(&])mdl ((?:[a-z]+)(?: [^`\n|&;()]*)?)")


def commands():
    """(document, words) of each command line of mdl in code: a fenced block, a span, or a file that is no Markdown."""
    for pattern in DOCUMENTS:
        for path in sorted(PROJECT.glob(pattern)):
            for text in code_of(path):
                for match in COMMAND.finditer(text):
                    yield path.relative_to(PROJECT), re.split(r"\s{2,}|\s+#", match[1].strip())[0].split()


def code_of(path):
    text = path.read_text()
    if path.suffix != ".md":
        return [line for line in text.splitlines() if re.search(r"^\s*mdl |&& mdl |Try it: ", line)]
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.S | re.M)
    lines = [line for block in blocks for line in block.splitlines() if re.match(r"(\$ |\s*)mdl ", line)]
    return lines + re.findall(r"`(mdl [^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))


class Docs(MdlTest):
    def test_every_command_and_option_is_there(self):
        helps, checked = {}, 0
        for document, words in commands():
            verb = words[0]
            with self.subTest(document=str(document), command=" ".join(words)):
                if verb not in helps:
                    helps[verb] = self.mdl(verb, "--help").out
                for word in words[1:]:
                    option = re.match(r"(--[a-z][a-z-]*|-[a-zA-Z])(=|$)", word)
                    if option:
                        self.assertRegex(helps[verb], rf"(?<![\w-]){re.escape(option[1])}(?![\w-])")
                checked += 1
        self.assertGreater(checked, 10)


if __name__ == "__main__":
    unittest.main()
