/// Explains libyaml's syntax errors in the words of someone who edits a configuration.
///
/// libyaml names what its grammar expected; the sentences here name what most likely happened.
extension TreeBuilder {
  /// Reports the syntax error that ended the parse.
  mutating func report(_ failure: YAMLFailure) {
    // It follows from that.
    if isStructureUnknown { return }
    let found = disguise(at: failure) ?? diagnostic(for: failure)
    if !diagnostics.contains(where: { $0.code == found.code && $0.span == found.span }) { report(found) }
  }

  /// What is not what it looks like, on the lines that the parser did not understand.
  private func disguise(at failure: YAMLFailure) -> Diagnostic? {
    let isUnclosed = failure.problem == "found unexpected end of stream"
    let last = isUnclosed ? failure.contextPosition?.line ?? failure.position.line : failure.position.line
    let first = max(
      min(lastNode?.span.end.line ?? 1, failure.contextPosition?.line ?? last, last), last - 1000)
    let isFlow = frames.last?.isBracketed ?? false
    for number in first...last {
      let line = text.lineRange(Int(number))
      if let indentation = disguisedIndentation(of: line) { return indentation }
      if text.bytes[line].contains(where: { $0 >= 0x80 }),
        let found = LookAlike.first(in: line, of: text, isFlow: isFlow)
      {
        return found.diagnostic(at: span(found.range))
      }
    }
    return disguisedSpace(at: failure)
  }

  /// Something that looks like a space in front of the first character of a line that is none.
  private func disguisedIndentation(of line: Range<Int>) -> Diagnostic? {
    let blanks = text.bytes[line].prefix(while: \.isBlank).endIndex
    return disguisedIndentation(endingAt: blanks, limit: line.upperBound)
  }

  /// The same, where a line has nothing but blanks before an offset.
  func disguisedIndentation(endingAt start: Int, limit: Int = .max) -> Diagnostic? {
    guard start < min(limit, text.bytes.count) else { return nil }
    let (scalar, next) = text.scalar(at: start, limit: text.bytes.count)
    guard scalar.isDisguisedSpace, !scalar.hasNoWidth else { return nil }
    var offset = start
    while offset > text.contentStart, text.bytes[offset - 1].isBlank { offset -= 1 }
    guard offset == text.contentStart || text.bytes[offset - 1].isLineBreak else { return nil }
    return Diagnostic(
      .controlCharacter,
      "this line is indented with the character \(scalar.name), which is not a space but looks like one",
      at: span(start..<next), help: "indent with spaces, two per level")
  }

  /// Why the rest of a line is not what it seems to be: it has a character that looks like a space but is not
  /// one. The first such character is reported.
  private func disguisedSpace(at failure: YAMLFailure) -> Diagnostic? {
    // A line without a colon is noticed on the next one.
    let isEarlier = failure.problem == "could not find expected ':'"
    let position = isEarlier ? failure.contextPosition ?? failure.position : failure.position
    let start = text.offset(of: position)
    let line = text.lineRange(Int(position.line))
    guard start < line.upperBound else { return nil }
    // Such a character is allowed in quotes and comments.
    let rest = text.bytes[start..<line.upperBound].prefix { !"#\"'".utf8.contains($0) }
    return disguisedSpace(in: rest.startIndex..<rest.endIndex)
  }

  func disguisedSpace(in range: Range<Int>) -> Diagnostic? {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let next = text.offset(from: offset, advancedBy: 1, limit: range.upperBound)
      let scalar = String(decoding: text.bytes[offset..<next], as: UTF8.self).unicodeScalars.first
      if let scalar, scalar.isDisguisedSpace {
        if let indentation = disguisedIndentation(endingAt: offset) { return indentation }
        let (what, help) =
          scalar.hasNoWidth
          ? ("cannot be seen", "remove it")
          : ("is not a space but looks like one", "write a space; if it is meant, put the text in quotes")
        return Diagnostic(
          .controlCharacter, "the text holds the character \(scalar.name), which \(what)",
          at: span(offset..<next), help: help)
      }
      offset = max(next, offset + 1)
    }
    return nil
  }

  private func diagnostic(for failure: YAMLFailure) -> Diagnostic {
    let offset = text.offset(of: failure.position)
    if let tabs = indentingTabs(at: failure.position) {
      return Diagnostic(
        .tabIndentation, "tabs cannot indent", at: span(tabs), help: "indent with spaces, two per level")
    }
    switch (failure.problem, failure.context) {
    case ("found unexpected end of stream", _), ("found unexpected document indicator", _):
      return unclosed("quote", openedAt: failure.contextPosition, noticedAt: visible(offset))
    case ("did not find expected node content", "while parsing a flow node"),
      ("did not find expected ',' or ']'", _), ("did not find expected ',' or '}'", _):
      return inBrackets(offset)
    case ("did not find expected node content", _):
      return Diagnostic(.syntax, "unexpected \(character(at: offset))", at: span(visible(offset)))
    case ("could not find expected ':'", _):
      return noKeyAndValue(from: failure.contextPosition ?? failure.position)
    case ("mapping values are not allowed in this context", _):
      return keyInValue(offset)
    case ("block sequence entries are not allowed in this context", _):
      return Diagnostic(
        .syntax, "a list item cannot begin here", at: span(offset..<offset + 1),
        help: "begin each \"- item\" on a line of its own, or write the list as [a, b]")
    case ("did not find expected key", _), ("did not find expected '-' indicator", _),
      ("did not find expected <document start>", _):
      return misplaced(offset, failure)
    case ("found character that cannot start any token", _)
    where text.bytes[offset...].first == UInt8(ascii: "\t"):
      let tabs = text.bytes[offset...].prefix { $0 == UInt8(ascii: "\t") }
      return Diagnostic(
        .tabIndentation, "a tab is not allowed here", at: span(tabs.indices), help: "write a space instead")
    case ("found character that cannot start any token", _):
      return Diagnostic(
        .syntax, "a text cannot begin with this character", at: span(offset..<offset + 1),
        help: "put the text in quotes")
    case ("did not find expected alphabetic or numeric character", _):
      let start = failure.contextPosition.map(text.offset(of:)) ?? offset
      return Diagnostic(
        .syntax, "a text cannot begin with * or & without quotes", at: span(start..<wordEnd(from: start)),
        label: "YAML takes this for an alias or an anchor", help: "put the text in quotes")
    case ("found unknown escape character", _), (_, "while parsing a quoted scalar"):
      return Diagnostic(
        .syntax, "unknown escape sequence in double quotes", at: span(offset..<offset + 1),
        help: "write \\\\ for a backslash, or use single quotes")
    case (_, "while scanning a block scalar"):
      return Diagnostic(
        .syntax, "only an indentation number, + or - can follow | or >",
        at: span(offset..<wordEnd(from: offset)),
        help: "begin the text on the next line; quote a text that begins with | or >")
    case ("found undefined tag handle", _), (_, "while scanning a tag"), (_, "while parsing a tag"):
      let start = failure.contextPosition.map(text.offset(of:)) ?? offset
      return Diagnostic(
        .tag, "tags are not supported", at: span(start..<wordEnd(from: start)),
        help: "remove it, or quote a text that begins with !")
    case ("out of memory", _):
      return Diagnostic(.tooLarge, "out of memory while reading the file", at: span(offset..<offset))
    default:
      return Diagnostic(
        .syntax, "not valid YAML: \(failure.problem)", at: span(offset..<wordEnd(from: offset)))
    }
  }

  // MARK: - Kinds of errors

  /// Reports a quoted text or list that is not closed, at the end of the file or at what cannot be part of it
  /// any more.
  private func unclosed(_ what: String, openedAt opening: Position?, noticedAt place: Range<Int>)
    -> Diagnostic
  {
    if what == "quote", let opening, let found = closedByTypographicQuote(opening) { return found }
    return Diagnostic(
      .unclosed, "a \(what) is not closed", at: span(place),
      label: place.isEmpty ? "the file ends here" : "this cannot be part of it",
      related: opening.map { opening in
        let offset = text.offset(of: opening)
        return [Diagnostic.Related("opened here", at: span(offset..<offset + 1))]
      } ?? [],
      help: "close it where it ends")
  }

  /// A straight quote that is closed, on its line, by one that is not.
  private func closedByTypographicQuote(_ opening: Position) -> Diagnostic? {
    let start = text.offset(of: opening)
    let line = text.lineRange(Int(opening.line))
    guard start < line.upperBound, let quote = LookAlike.quote(in: start..<line.upperBound, of: text) else {
      return nil
    }
    return Diagnostic(
      .unclosed, "a quote is not closed", at: span(quote.range),
      label: "\(quote.scalar) (\(quote.scalar.name)) is a typographic quote, which closes nothing",
      related: [Diagnostic.Related("opened here", at: span(start..<start + 1))],
      help: "close it with the quote that opens it")
  }

  /// Explains an error between `[` and `]` or `{` and `}`. A missing closing bracket is noticed at the end or
  /// at the next key, which may be far away.
  private func inBrackets(_ offset: Int) -> Diagnostic {
    guard let frame = frames.last(where: \.isBracketed) else {
      return Diagnostic(.syntax, "a value is missing here", at: span(visible(offset)))
    }
    let position = text.position(of: offset)
    let next = offset < text.bytes.count ? text.bytes[offset] : nil
    let bracket = frame.isMapping ? "brace" : "bracket"
    let place = visible(offset)
    if place.isEmpty { return unclosed(bracket, openedAt: frame.start, noticedAt: place) }
    // libyaml wants a key and its colon on one line, and took this key for one without a value.
    if next == UInt8(ascii: ":"), lineStart(of: offset) == offset, let last = frame.entries.last,
      last.value.scalar?.isAbsent == true, last.key.span.end.line < position.line
    {
      return Diagnostic(
        .syntax, "a colon on another line than its key", at: span(offset..<offset + 1),
        related: [Diagnostic.Related("the key", at: last.key.span)],
        help: "write it after the key, on the same line")
    }
    if next == UInt8(ascii: ":"), position.line > frame.start.line {
      return unclosed(bracket, openedAt: frame.start, noticedAt: lineStart(of: offset)..<offset + 1)
    }
    let opening = text.offset(of: frame.start)
    let closing = frame.isMapping ? "}" : "]"
    let isSeparator = next.map { ",]}:".utf8.contains($0) } ?? false
    return Diagnostic(
      .syntax,
      isSeparator ? "unexpected \(character(at: offset))" : "a \",\" or \"\(closing)\" is missing here",
      at: span(offset..<wordEnd(from: offset)),
      related: [
        Diagnostic.Related(
          "the \(frame.isMapping ? "mapping" : "list") began here", at: span(opening..<opening + 1))
      ])
  }

  /// Explains a `:` after a plain text that cannot be a key: the value already is one, or goes on from the
  /// line above.
  private func keyInValue(_ offset: Int) -> Diagnostic {
    guard let value = lastNode?.span, value.end.line > value.start.line else {
      let start = lastNode.map { text.offset(of: $0.span.start) } ?? offset
      return Diagnostic(
        .syntax, "a value cannot contain \": \" without quotes", at: span(min(start, offset)..<offset + 1),
        label: "YAML takes this for a second key", help: "quote the value, or begin a new line for the key")
    }
    return Diagnostic(
      .syntax, "this line is indented deeper than the key above",
      at: span(lineStart(of: offset)..<offset + 1),
      label: "it continues a value, so it cannot be a key",
      related: [Diagnostic.Related("the value begins here", at: firstLine(of: value))],
      help: "begin all keys of one mapping in the same column")
  }

  /// Explains a line in a mapping that is not a `key: value`.
  private func noKeyAndValue(from position: Position) -> Diagnostic {
    let start = text.offset(of: position)
    var end = start
    while end < text.bytes.count, !text.bytes[end].isLineBreak {
      if text.bytes[end] == UInt8(ascii: "#"), end > start, text.bytes[end - 1].isBlank { break }
      end += 1
    }
    while end > start, text.bytes[end - 1].isBlank { end -= 1 }
    let line = text.bytes[start..<end]
    let help: String? =
      if line.first == UInt8(ascii: "-") {
        "put a space after the -"
      } else if line.contains(UInt8(ascii: ":")) {
        "put a space after the colon"
      } else {
        nil
      }
    return Diagnostic(
      .syntax, "this is neither \"key: value\" nor \"- item\"", at: span(start..<end), help: help)
  }

  /// Explains something complete that is followed by what cannot be its next member.
  private func misplaced(_ offset: Int, _ failure: YAMLFailure) -> Diagnostic {
    let place = visible(offset)
    let isFirstOnLine = lineStart(of: offset) == offset
    let isQuoted = lastNode?.scalar.map { $0.style == .singleQuoted || $0.style == .doubleQuoted } ?? false
    if !isFirstOnLine, isQuoted, let last = lastNode?.span, last.start.line < last.end.line {
      if let found = closedByTypographicQuote(last.start) { return found }
      // A quote that was left open ends at the next quote, which was meant to open.
      return Diagnostic(
        .unclosed, "text after a closing quote", at: span(place),
        related: [Diagnostic.Related("the quote was opened here", at: firstCharacter(of: last))],
        help: "close that quote on its own line")
    }
    guard isFirstOnLine else {
      return Diagnostic(
        .syntax, "unexpected text after a value", at: span(place),
        related: lastNode.map { [Diagnostic.Related("the value", at: $0.span)] } ?? [],
        help: isQuoted
          ? "write '' for a ' in single quotes, \\\" for a \" in double quotes"
          : "quote the whole text, or remove the rest")
    }
    if failure.problem.hasSuffix("'-' indicator") {
      return Diagnostic(
        .syntax, "this line is in a list but does not begin with \"- \"", at: span(place),
        related: related(to: failure, "the list began here"), help: "check the indentation")
    }
    if failure.problem.hasSuffix("<document start>") {
      return Diagnostic(
        .syntax, "this line belongs to nothing above", at: span(place),
        help: "begin all keys of one mapping in the same column")
    }
    return Diagnostic(
      .syntax,
      text.bytes[place].first == UInt8(ascii: "-")
        ? "a list item is not allowed among the keys of a mapping"
        : "this line does not fit into the mapping it is in", at: span(place),
      related: related(to: failure, "the mapping began here"),
      help: "begin all keys of one mapping in the same column")
  }

  // MARK: - Places

  func span(_ range: Range<Int>) -> Span {
    let start = text.position(of: range.lowerBound)
    return Span(source: source, start: start, end: max(start, text.position(of: range.upperBound)))
  }

  private func firstCharacter(of span: Span) -> Span {
    var span = span
    span.end = Position(line: span.start.line, column: span.start.column + 1)
    return span
  }

  private func related(to failure: YAMLFailure, _ message: String) -> [Diagnostic.Related] {
    guard let position = failure.contextPosition, position != failure.position else { return [] }
    let offset = text.offset(of: position)
    return [Diagnostic.Related(message, at: span(offset..<wordEnd(from: offset)))]
  }

  private func firstLine(of span: Span) -> Span {
    let line = text.lineRange(Int(span.start.line))
    return Span(source: source, start: span.start, end: min(span.end, text.position(of: line.upperBound)))
  }

  /// Where the text begins on the line that an offset is on.
  private func lineStart(of offset: Int) -> Int {
    let line = text.lineRange(Int(text.position(of: offset).line))
    return text.bytes[line].prefix(while: \.isBlank).endIndex
  }

  /// The word at an offset. At the end of the text: the empty range after its last visible character.
  private func visible(_ offset: Int) -> Range<Int> {
    var end = text.bytes.count
    while end > text.contentStart, text.bytes[end - 1].isBlank || text.bytes[end - 1].isLineBreak { end -= 1 }
    return offset < end ? offset..<wordEnd(from: offset) : end..<end
  }

  private func wordEnd(from offset: Int) -> Int {
    var end = offset
    while end < text.bytes.count, !text.bytes[end].isBlank, !text.bytes[end].isLineBreak,
      !",]}:".utf8.contains(text.bytes[end])
    {
      end += 1
    }
    return end > offset ? end : text.offset(from: offset, advancedBy: 1, limit: text.bytes.count)
  }

  private func character(at offset: Int) -> String {
    String(
      decoding: text.bytes[offset..<text.offset(from: offset, advancedBy: 1, limit: text.bytes.count)],
      as: UTF8.self)
  }

  /// The tabs in the indentation of the line an error is on, if the error is in or right after them.
  private func indentingTabs(at position: Position) -> Range<Int>? {
    let line = text.lineRange(Int(position.line))
    let indentation = text.bytes[line].prefix(while: \.isBlank)
    guard text.offset(of: position) <= indentation.endIndex,
      let first = indentation.firstIndex(of: UInt8(ascii: "\t"))
    else { return nil }
    return first..<indentation.endIndex
  }
}
