extension Screen {
  /// Words on lines that fit, the first after `start`, the lines below indented. A word that is longer than a
  /// line is broken at its spaces, if it has some, and stays whole otherwise. Spaces that must not be broken
  /// are U+00A0, which no escaped text has.
  ///
  /// - Parameter separator: with the space after it.
  package func wrapped(
    _ words: [String], after start: String = "", separator: String = ", ", indent: Int
  ) -> [String] {
    // On a narrow screen the text needs the room.
    let margin = String(repeating: " ", count: min(indent, width / 3))
    let end = separator.dropLast()
    var lines = [start]
    var room = width - start.columns
    var isFirst = true
    func add(_ word: String) {
      let needed = word.columns + (isFirst ? 0 : 1)
      if needed > room, !isFirst || start.columns > margin.count {
        if isFirst { lines = start.trimmedAtEnd.isEmpty ? [] : [start.trimmedAtEnd] }
        lines.append(margin + word)
        room = width - margin.count - word.columns
      } else {
        lines[lines.count - 1] += (isFirst ? "" : " ") + word
        room -= needed
      }
      isFirst = false
    }
    for (index, word) in words.enumerated() {
      let word = index + 1 < words.count ? word + end : word
      if word.columns > width - margin.count {
        for part in word.split(separator: " ") { add(String(part)) }
      } else {
        add(word)
      }
    }
    return Self.repainted(lines.map { $0.replacing(Self.fixedSpace, with: " ") })
  }

  private static let fixedSpace = "\u{a0}"

  /// A text that stays one line for programs, and is wrapped on a terminal. What is in single quotes and what
  /// follows a command to the end stays whole, to be pasted.
  package func fitted(_ text: String, after start: String = "", indent: Int) -> [String] {
    guard isTerminal, start.columns + text.columns > width else { return [start + text] }
    let margin = String(text.prefix { $0 == " " })
    return wrapped(
      Self.words(text), after: start + margin, separator: " ", indent: indent + margin.count)
  }

  /// Words that stay one line for programs, and are wrapped on a terminal.
  package func fitted(
    _ words: [String], after start: String = "", separator: String = ", ", indent: Int
  ) -> [String] {
    let line = start + words.joined(separator: separator)
    guard isTerminal, line.columns > width else { return [line] }
    return wrapped(words, after: start, separator: separator, indent: indent)
  }

  /// A command to be pasted. On a terminal one that does not fit goes on in further lines, as a shell takes it.
  package func command(_ text: String, after start: String = "", indent: Int) -> [String] {
    guard isTerminal, start.columns + text.columns > width else { return [start + text] }
    let margin = String(repeating: " ", count: indent + 4)
    var lines = [start]
    var isFirst = true
    for word in Self.shellWords(text) {
      let line = lines[lines.count - 1]
      if isFirst {
        lines[lines.count - 1] += word
      } else if line.columns + 1 + word.columns + 2 > width {
        lines[lines.count - 1] += " \\"
        lines.append(margin + word)
      } else {
        lines[lines.count - 1] += " " + word
      }
      isFirst = false
    }
    return lines
  }

  /// The words of a command, each with its quotes.
  private static func shellWords(_ text: String) -> [String] {
    var words: [String] = []
    var word = ""
    var isQuoted = false
    var isEscaped = false
    for character in text {
      if character == " ", !isQuoted, !isEscaped {
        words.append(word)
        word = ""
        continue
      }
      if character == "'", !isEscaped { isQuoted.toggle() }
      isEscaped = character == "\\" && !isQuoted && !isEscaped
      word.append(character)
    }
    return words + [word]
  }

  /// What is to be said under a label.
  ///
  /// - Parameter style: that of the label.
  package func field(_ label: String, _ text: String, style: Style = .heading) -> [String] {
    fitted(text, after: fieldStart(label, style), indent: Self.fieldIndent)
  }

  /// Words under a label, in as many lines as they take.
  package func field(_ label: String, _ words: [String], separator: String = ", ") -> [String] {
    wrapped(words, after: fieldStart(label), separator: separator, indent: Self.fieldIndent)
  }

  /// The beginning of a line: a label, and spaces up to the text.
  package func fieldStart(_ label: String, _ style: Style = .heading) -> String {
    paint(label, style).padded(to: Self.fieldIndent)
  }

  private static let fieldIndent = 10

  /// A text and the place it comes from, which never break apart: the place is behind the text, in its column
  /// if that is free, or in a line of its own.
  ///
  /// - Parameters:
  ///   - start: what is before the text.
  ///   - place: is shortened if it does not fit in a line.
  ///   - column: where places begin, if they can.
  ///   - indent: of further lines of the text.
  ///   - style: that of the text and of the place.
  package func placed(
    _ text: String, after start: String = "", at place: String, column: Int, indent: Int,
    style: Style? = nil
  ) -> [String] {
    func painted(_ text: String) -> String { style.map { paint(text, $0) } ?? text }
    guard !place.isEmpty else { return fitted(painted(text), after: start, indent: indent) }
    let gap = max(column - start.columns - text.columns, 2)
    if !isTerminal || start.columns + text.columns + gap + place.columns <= width {
      return [start + painted(text) + String(repeating: " ", count: gap) + painted(place)]
    }
    // In its column, so that it does not look like another value. The file's name and the line are shown at
    // least.
    let name = place.lastIndex(of: "/").map { place[$0...].columns + 1 } ?? place.columns
    let rest = width - start.columns - text.columns - 2
    let isBeside = rest >= min(name, place.columns)
    let shown = place.shortened(to: isBeside ? rest : width - 4)
    let margin = min(column, width - shown.columns)
    guard isBeside else {
      return fitted(painted(text), after: start, indent: indent)
        + [String(repeating: " ", count: margin) + painted(shown)]
    }
    let free = max(margin - start.columns - text.columns, 2)
    return [start + painted(text) + String(repeating: " ", count: free) + painted(shown)]
  }

  /// Programs that texts tell to run, at the beginning or behind a colon.
  private static let programs: Set<Substring> = [
    "chmod", "chown", "chgrp", "cp", "install", "mkdir", "mv", "ocean", "setfacl", "sudo", "systemctl",
    "usermod", "(umask",
  ]

  private static func words(_ text: String) -> [String] {
    let parts = text.split(separator: " ")
    var words: [String] = []
    var index = 0
    while index < parts.count {
      var end = index + 1
      if programs.contains(parts[index]), index == 0 || parts[index - 1].hasSuffix(":") {
        end = parts.count
      } else if parts[index].hasPrefix("'"), !parts[index].dropFirst().contains("'"),
        let close = parts[end...].firstIndex(where: { $0.contains("'") })
      {
        end = close + 1
      } else if parts[index].hasPrefix("("), programs.contains(parts[index].dropFirst()) {
        end = (parts[end...].firstIndex { $0.contains(")") } ?? parts.count - 1) + 1
      }
      // `office (192.0.2.0/24)` is one.
      if end < parts.count, parts[end].hasPrefix("("), parts[end].contains(")") { end += 1 }
      words.append(parts[index..<end].joined(separator: fixedSpace))
      index = end
    }
    return words
  }

  /// The lines, each painted by itself: pagers begin every line without a style.
  private static func repainted(_ lines: [String]) -> [String] {
    var open = ""
    return lines.map { line in
      guard !open.isEmpty || line.utf8.contains(0x1b) else { return line }
      let start = open
      var sequence: String?
      for scalar in line.unicodeScalars {
        if scalar == "\u{1b}" { sequence = "" }
        sequence?.unicodeScalars.append(scalar)
        if scalar == "m", let whole = sequence {
          open = whole == Self.reset ? "" : whole
          sequence = nil
        }
      }
      return start + line + (open.isEmpty ? "" : Self.reset)
    }
  }
}
