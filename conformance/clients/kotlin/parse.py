"""Looks for errors of syntax in generated Kotlin and Swift: parse.py KOTLIN-FOLDER SWIFT-FOLDER"""

import pathlib
import sys

import tree_sitter
import tree_sitter_kotlin
import tree_sitter_swift


def faults(node):
    if node.type == "ERROR" or node.is_missing:
        yield node
    elif node.has_error:
        for child in node.children:
            yield from faults(child)


def main():
    count = 0
    for folder, language, ending in ((sys.argv[1], tree_sitter_kotlin, "kt"), (sys.argv[2], tree_sitter_swift, "swift")):
        parser = tree_sitter.Parser(tree_sitter.Language(language.language()))
        files = sorted(pathlib.Path(folder).rglob(f"*.{ending}"))
        assert files, f"nothing was generated in {folder}"
        for file in files:
            # The same for every document, and newer than this parser's Swift.
            if file.name == "URLSessionImplementations.swift":
                continue
            for node in faults(parser.parse(file.read_bytes()).root_node):
                count += 1
                print(f"{file}:{node.start_point[0] + 1}: {node.text[:100].decode(errors='replace')!r}")
    return 1 if count else 0


sys.exit(main())
