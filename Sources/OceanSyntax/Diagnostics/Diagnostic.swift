/// How serious a diagnostic is. An error makes the configuration invalid.
package enum Severity: String, Sendable, Hashable, CaseIterable {
  case error
  case warning
  case note
}

/// The kind of a diagnostic: what `ocean check --explain` explains and `acknowledge` names.
package struct DiagnosticCode: Sendable {
  /// `OC` and four digits; never reused for something else.
  package let id: String
  /// The severity, unless a diagnostic sets another.
  package let severity: Severity
  /// A few words, without a full stop.
  package let title: String
  /// A paragraph or two of Markdown: what the diagnostic means, an example, how to fix it.
  package let explanation: String

  package init(id: String, severity: Severity, title: String, explanation: String) {
    self.id = id
    self.severity = severity
    self.title = title
    self.explanation = explanation
  }
}

extension DiagnosticCode: Hashable {
  package static func == (a: DiagnosticCode, b: DiagnosticCode) -> Bool { a.id == b.id }
  package func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// One finding about a configuration.
///
/// All texts may hold pieces of the file: renderers escape them.
package struct Diagnostic: Sendable, Hashable {
  /// A second place that matters, such as the first of two equal keys.
  package struct Related: Sendable, Hashable {
    package var message: String
    package var span: Span

    package init(_ message: String, at span: Span) {
      self.message = message
      self.span = span
    }
  }

  package var code: DiagnosticCode
  package var severity: Severity
  /// The finding on one line: lower case, no full stop.
  package var message: String
  package var span: Span?
  /// The text printed after the carets under the span.
  package var label: String?
  package var related: [Related]
  /// How to fix it.
  package var help: String?
  /// Whether the line may hold a secret: it is then not printed, for this diagnostic or any other.
  package var hidesLine = false

  /// Without `severity`, the code's own is used.
  package init(
    _ code: DiagnosticCode, _ message: String, at span: Span?, label: String? = nil,
    related: [Related] = [], help: String? = nil, severity: Severity? = nil
  ) {
    self.code = code
    self.severity = severity ?? code.severity
    self.message = message
    self.span = span
    self.label = label
    self.related = related
    self.help = help
  }
}

extension Sequence<Diagnostic> {
  /// Sorts by source, position, code and message; line 3 comes before line 10. Diagnostics without a place
  /// come last.
  package func sorted() -> [Diagnostic] {
    sorted { a, b in
      switch (a.span, b.span) {
      case (let a?, let b?) where a != b: a < b
      case (.some, nil): true
      case (nil, .some): false
      default: a.code != b.code ? a.code.id < b.code.id : isBefore(a.message.utf8, b.message.utf8)
      }
    }
  }
}

/// Compares numbers by their value, everything else by its bytes.
private func isBefore(_ a: String.UTF8View, _ b: String.UTF8View) -> Bool {
  func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
  var (a, b) = (a[...], b[...])
  while let first = a.first, let second = b.first {
    let (number, other) = (a.prefix(while: isDigit), b.prefix(while: isDigit))
    if number.isEmpty || other.isEmpty || number.elementsEqual(other) {
      if first != second { return first < second }
      a.removeFirst()
      b.removeFirst()
      continue
    }
    let (digits, others) = (number.drop { $0 == UInt8(ascii: "0") }, other.drop { $0 == UInt8(ascii: "0") })
    if digits.count != others.count { return digits.count < others.count }
    if !digits.elementsEqual(others) { return digits.lexicographicallyPrecedes(others) }
    return number.count < other.count
  }
  return a.isEmpty && !b.isEmpty
}
