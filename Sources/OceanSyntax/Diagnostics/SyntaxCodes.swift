/// OC0100 to OC0149: mistakes in a text that are found before any setting is looked at.
extension DiagnosticCode {
  package static let syntaxCodes: [DiagnosticCode] = [
    syntax, notUTF8, controlCharacter, tooLarge, tooDeep, tooManyNodes, unknownAlias, addressReadAsKey,
    recursiveAlias, duplicateKey, mergeKey, keyIsNoText, severalDocuments, tabIndentation, tag, directive,
    emptyFile, unclosed, tooManyMistakes, lookAlike,
  ]

  package static let syntax = DiagnosticCode(
    id: "OC0100", severity: .error, title: "not valid YAML",
    explanation: """
      The text breaks the grammar of YAML, and nothing after this place was read.
      Most often the indentation is off, a quote or a bracket is missing, or a text
      needs quotes because it contains `: ` or ` #` or begins with a character that
      means something in YAML (one of ``[]{}*&!|>%@` ``).

      ```yaml
      server:
        hostname: mail.example.org
         user: vmail          # one space too many
      ```

      All keys of one mapping begin in the same column.
      """)

  package static let notUTF8 = DiagnosticCode(
    id: "OC0101", severity: .error, title: "the text is not UTF-8",
    explanation: """
      Configuration files are read as UTF-8 and nothing else. The place shown is the
      first byte that is not. Usually the file was saved by an editor set to ISO
      8859-1, Windows-1252, UTF-16 or UTF-32.

      `iconv -f ISO-8859-1 -t UTF-8 ocean.yaml > ocean-utf8.yaml` converts it.
      """)

  package static let controlCharacter = DiagnosticCode(
    id: "OC0102", severity: .error, title: "a character that cannot be seen",
    explanation: """
      The text holds a control character, a byte order mark that is not at its start,
      one of the line separators of Unicode (U+0085, U+2028, U+2029), or, outside of
      quotes and comments, a space that YAML does not treat as one, such as the
      no-break space (U+00A0). Such characters come along when text is copied from a
      web page or a word processor, cannot be seen in an editor, and can make a line
      mean something else than it seems to.

      Remove the character, or write a space. Tabs and line breaks are fine. In double
      quotes the escape sequences of the others (`"\\0"`) are refused as well.
      """)

  package static let tooLarge = DiagnosticCode(
    id: "OC0103", severity: .error, title: "the file is too large",
    explanation: """
      A configuration file may be up to 16 MiB large. Long lists of addresses belong
      in list files, which are read by other means and hold one address or range per
      line:

      ```yaml
      black_list: [{ file: lists/drop.netset }]
      ```
      """)

  package static let tooDeep = DiagnosticCode(
    id: "OC0104", severity: .error, title: "nested too deeply",
    explanation: """
      Lists and mappings may be nested 64 levels deep, and no setting needs more than
      a few levels. Either brackets are opened and never closed, or the file was not
      meant to be a configuration.
      """)

  package static let tooManyNodes = DiagnosticCode(
    id: "OC0105", severity: .error, title: "too many values",
    explanation: """
      A file may hold a million values. Every alias (`*name`) counts as much as what
      it stands for, because it is checked again wherever it is used: a few lines of
      aliases to lists of aliases can stand for billions of values.

      Long lists of addresses belong in list files: `{ file: lists/drop.netset }`.
      """)

  package static let unknownAlias = DiagnosticCode(
    id: "OC0106", severity: .error, title: "an alias that refers to nothing",
    explanation: """
      `*name` repeats the value that was marked `&name` further up in the same file.
      There is no such mark above this place.

      A text that begins with `*` needs quotes: `"*.example.org"`. For addresses used
      in several places `address_lists` is the better tool: a name from it can be used
      wherever addresses can, in other files too.
      """)

  package static let addressReadAsKey = DiagnosticCode(
    id: "OC0107", severity: .error, title: "this address was read as a key",
    explanation: """
      In YAML a colon separates a key from its value. An IPv6 address that begins or
      ends with `::` is therefore read as a key, or as nothing at all, unless it is in
      quotes:

      ```yaml
      bind:
        - 2001:db8::        # wrong: a mapping with the key "2001:db8:"
        - "2001:db8::"      # right
      ```

      Addresses with something on both sides of every `::` are read correctly, but it
      does no harm to quote them all.
      """)

  package static let recursiveAlias = DiagnosticCode(
    id: "OC0108", severity: .error, title: "an alias inside its own value",
    explanation: """
      `*name` repeats the value marked `&name`, and stands inside that very value,
      which would make it endless:

      ```yaml
      office: &office [198.51.100.8, *office]
      ```
      """)

  package static let duplicateKey = DiagnosticCode(
    id: "OC0109", severity: .error, title: "a key that is set twice",
    explanation: """
      A mapping has the same key twice. Many programs silently take the last one;
      which of the two was meant cannot be known, so neither is preferred. For the
      further checks of the same run the first one is used.

      Remove one of them, or merge what is below them.
      """)

  package static let mergeKey = DiagnosticCode(
    id: "OC0110", severity: .error, title: "the merge key is not supported",
    explanation: """
      `<<: *name` copies the entries of another mapping. It is not part of YAML 1.2,
      and it hides where a value comes from. What all services have in common belongs
      in `service_defaults`; anything else is written out.
      """)

  package static let keyIsNoText = DiagnosticCode(
    id: "OC0111", severity: .error, title: "a key that is not a text",
    explanation: """
      YAML allows lists and mappings as keys; no setting has such a key. Often the key
      begins with `[` or `{` and was meant to be a text, which needs quotes then:

      ```yaml
      "[2001:db8::1]": office
      ```
      """)

  package static let severalDocuments = DiagnosticCode(
    id: "OC0112", severity: .error, title: "several documents in one file",
    explanation: """
      A line `---` begins a new YAML document. A configuration file holds one
      document; what follows was not read. Move it into a file of its own and name
      that under `include`.
      """)

  package static let tabIndentation = DiagnosticCode(
    id: "OC0113", severity: .error, title: "tabs as indentation",
    explanation: """
      YAML shows by indentation what belongs to what, and allows only spaces for it,
      because a tab is as wide as each editor likes. The rest of the file was not
      read.

      Set the editor to insert spaces, and replace the tabs: `expand -t 2 ocean.yaml`.
      """)

  package static let tag = DiagnosticCode(
    id: "OC0114", severity: .error, title: "tags are not supported",
    explanation: """
      `!name` and `!!int` tell YAML the type of a value. Here the setting decides
      that, so tags have no meaning and are refused. Remove the tag; quote a text that
      begins with `!`.
      """)

  package static let directive = DiagnosticCode(
    id: "OC0115", severity: .error, title: "directives are not supported",
    explanation: """
      Lines such as `%YAML 1.1` and `%TAG` in front of a document give orders to the
      YAML parser. They are not needed and not supported: remove them.
      """)

  package static let emptyFile = DiagnosticCode(
    id: "OC0116", severity: .error, title: "the file is empty",
    explanation: """
      The file holds nothing but blank lines and comments. An empty configuration
      would mean a server without services; more likely the file was cut off or is the
      wrong one.
      """)

  package static let unclosed = DiagnosticCode(
    id: "OC0117", severity: .error, title: "a bracket or quote is not closed",
    explanation: """
      A `[`, `{` or quote has no counterpart. YAML notices that only where the text
      stops making sense, which can be many lines further down or at the end of the
      file; the place where it was opened is shown as well.

      ```yaml
      black_list: [203.0.113.0/24, 198.51.100.7
      default: allow        # noticed here
      ```
      """)

  package static let tooManyMistakes = DiagnosticCode(
    id: "OC0118", severity: .error, title: "too many mistakes",
    explanation: """
      After a thousand mistakes in one file the rest of it is not read. Correct some
      of those shown, or check that the file is the one that was meant.
      """)

  package static let lookAlike = DiagnosticCode(
    id: "OC0119", severity: .error, title: "a character that only looks like one of YAML's",
    explanation: """
      A typographic quote, a dash, or a full-width colon, comma or bracket stands
      where the plain one would mean something, and is part of the text to YAML. Word
      processors, web pages and mobile keyboards put them there:

      ```yaml
      black_list:
        – 203.0.113.0/24      # a dash: no list item
        - “198.51.100.7”      # the quotes are part of the text
      ```

      Write `-`, `"`, `'`, `:`, `,`, `[` or `{`. A text that is meant to begin with
      such a character goes into straight quotes as a whole.
      """)
}
