import OceanSyntax

/// A page of the manual in the language of man(7), with the macros and escapes that both groff and mandoc know.
package struct ManualPage {
  /// The program that the pages describe, for their last line.
  package struct Edition: Sendable {
    /// A day: `2026-11-30`.
    package let date: String
    package let version: String

    package init(date: String, version: String) { (self.date, self.version) = (date, version) }
  }

  package let name: String
  package let section: Int
  package private(set) var text: String

  /// The file's path below `share/man`.
  package var path: String { "man\(section)/\(name).\(section)" }

  /// - Parameter summary: what the thing is, for `apropos`; ends without a full stop.
  package init(_ name: String, _ section: Int, _ edition: Edition, summary: String) {
    (self.name, self.section) = (name, section)
    let title = Self.literal(name.uppercased())
    text = ".\\\" Made by 'ocean schema --man'.\n"
    text += ".TH \"\(title)\" \(section) \(edition.date) \"ocean \(edition.version)\" \"ocean\"\n"
    // Words of commands and settings are not broken, and lines are not stretched.
    text += ".nh\n.ad l\n"
    heading("Name")
    add("\(Self.literal(name)) \\- \(Self.inline(summary))")
  }

  /// A heading of every manual, in upper case as they are.
  package mutating func heading(_ title: String) { part(title.uppercased()) }

  package mutating func part(_ title: String) { text += ".SH \(Self.quoted(title))\n" }

  /// A paragraph; its Markdown is understood as far as documents of ocean use it within a paragraph.
  package mutating func paragraph(_ markdown: some StringProtocol) {
    if !isAtHeading { text += ".PP\n" }
    add(Self.inline(markdown))
  }

  /// A term with what it means.
  ///
  /// - Parameter term: in the language of man(7).
  package mutating func entry(_ term: String, _ markdown: some StringProtocol) {
    text += ".TP\n"
    add(term, isOneLine: true)
    add(Self.inline(markdown))
  }

  package mutating func point(_ markdown: some StringProtocol) {
    text += ".IP \\(bu 3\n"
    add(Self.inline(markdown))
  }

  /// Lines that stay as they are.
  package mutating func example(_ lines: some StringProtocol) {
    text += isAtHeading ? "" : ".PP\n"
    text += ".RS 4\n.EX\n"
    for line in lines.split(separator: "\n", omittingEmptySubsequences: false) {
      // An empty line is one of space, which no formatter minds.
      text += line.isEmpty ? "\\&\n" : Self.guarded(Self.literal(line)) + "\n"
    }
    text += ".EE\n.RE\n"
  }

  /// A synopsis or the like.
  ///
  /// - Parameter markup: in the language of man(7).
  package mutating func markup(_ markup: String) {
    if !isAtHeading { text += ".PP\n" }
    add(markup)
  }

  /// A text in Markdown with paragraphs, lists and fenced examples.
  package mutating func body(_ markdown: String) {
    var paragraph: [Substring] = []
    var fence: [Substring]?
    var isPoint = false
    func flush(_ page: inout ManualPage) {
      guard !paragraph.isEmpty else { return }
      let joined = paragraph.joined(separator: " ")
      if isPoint { page.point(joined) } else { page.paragraph(joined) }
      (paragraph, isPoint) = ([], false)
    }
    for line in markdown.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        flush(&self)
        if let lines = fence { example(lines.joined(separator: "\n")) }
        fence = fence == nil ? [] : nil
      } else if fence != nil {
        fence?.append(line)
      } else if line.hasPrefix("- ") {
        flush(&self)
        (paragraph, isPoint) = ([line.dropFirst(2)], true)
      } else if line.isEmpty {
        flush(&self)
      } else {
        paragraph.append(line.drop { $0 == " " })
      }
    }
    flush(&self)
  }

  // MARK: - The language

  private var isAtHeading: Bool {
    let last = text.dropLast().split(separator: "\n").last ?? ""
    return last.hasPrefix(".SH ")
  }

  /// Adds a text in lines of less than 80 bytes, where a word is not longer: a line may end wherever a space is.
  private mutating func add(_ words: String, isOneLine: Bool = false) {
    var line = ""
    for word in words.split(separator: " ") {
      if !isOneLine, !line.isEmpty, line.utf8.count + word.utf8.count >= 78 {
        text += Self.guarded(line) + "\n"
        line = ""
      }
      line += line.isEmpty ? String(word) : " \(word)"
    }
    if !line.isEmpty { text += Self.guarded(line) + "\n" }
  }

  /// A line that would be a request otherwise.
  private static func guarded(_ line: String) -> String {
    line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line
  }

  private static func quoted(_ argument: String) -> String { "\"\(literal(argument))\"" }

  package static func bold(_ text: some StringProtocol) -> String { "\\fB\(literal(text))\\fR" }

  package static func italic(_ text: some StringProtocol) -> String { "\\fI\(literal(text))\\fR" }

  /// The name of another page with its section.
  package static func reference(_ name: String, _ section: Int) -> String { "\(bold(name))(\(section))" }

  /// A text that can be copied from the page and pasted: hyphens stay hyphens, and quotes stay straight.
  package static func literal(_ text: some StringProtocol) -> String {
    text.unicodeScalars.reduce(into: "") { $0 += escaped($1, isLiteral: true) }
  }

  /// Text with code, bold words and links in Markdown.
  private static func inline(_ markdown: some StringProtocol) -> String {
    var result = ""
    var (isCode, isBold) = (false, false)
    var rest = markdown.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      if scalar == "`" {
        isCode.toggle()
        result += isCode ? "\\fB" : "\\fR"
      } else if isCode {
        result += escaped(scalar, isLiteral: true)
      } else if scalar == "*", rest.first == "*" {
        rest.removeFirst()
        isBold.toggle()
        result += isBold ? "\\fB" : "\\fR"
      } else if scalar == "[", let end = rest.firstIndex(of: "]"), rest[end...].dropFirst().first == "(",
        let close = rest[end...].firstIndex(of: ")")
      {
        result += inline(String(String.UnicodeScalarView(rest[..<end])))
        rest = rest[close...].dropFirst()
      } else {
        result += escaped(scalar, isLiteral: false)
      }
    }
    return result
  }

  private static func escaped(_ scalar: Unicode.Scalar, isLiteral: Bool) -> String {
    switch scalar {
    case "\\": "\\e"
    case "-": isLiteral ? "\\-" : "-"
    case "'": isLiteral ? "\\(aq" : "'"
    case "\"": "\\(dq"
    case "`": "\\(ga"
    case "^": "\\(ha"
    case "~": "\\(ti"
    case _ where scalar.isASCII: String(scalar)
    default: "\\[u\(hexadecimal(scalar.value))]"
    }
  }

  /// Four digits at least, as groff wants it.
  private static func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
