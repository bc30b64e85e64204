package import OceanSyntax

/// A value together with the place in the config that gave it.
package struct Located<Value: Sendable>: Sendable {
  package var value: Value
  package var span: Span

  package init(_ value: Value, _ span: Span) {
    self.value = value
    self.span = span
  }

  func map<T>(_ transform: (Value) -> T) -> Located<T> { Located<T>(transform(value), span) }
}

/// What decoding carries along: the texts, to know which file a path is relative to, and the diagnostics so far.
struct Decoder {
  let sources: SourceSet
  let workingDirectory: String
  var diagnostics: [Diagnostic] = []
  /// The settings that exist elsewhere, by key, for "it belongs in …".
  let placesByKey: [String: [String]]

  /// The absolute form of a path that stands at `span`.
  func resolve(_ path: String, at span: Span) -> String {
    Path.resolve(path, relativeTo: Path.resolve(sources.path(span.source), inside: workingDirectory))
  }

  mutating func report(
    _ code: DiagnosticCode, _ span: Span, _ message: String, label: String? = nil,
    related: [Diagnostic.Related] = [], help: String? = nil
  ) {
    diagnostics.append(
      Diagnostic(code, message, at: span, label: label, related: related, help: help))
  }

  /// The text of a scalar that is not empty; anything else is reported as `expected` something else.
  mutating func scalar(_ node: Node, expected: String) -> String? {
    switch node.content {
    case .scalar(let scalar) where scalar.text.isEmpty:
      report(
        .emptyValue, node.span, "expected \(expected), found nothing",
        help: "write a value, or remove the key to get the default")
    case .scalar(let scalar):
      return scalar.text
    case .sequence:
      report(.wrongShape, node.span, "expected \(expected), found a list")
    case .mapping:
      report(.wrongShape, node.span, "expected \(expected), found a mapping")
    }
    return nil
  }

  /// The elements of a list; a single scalar stands for a list of one.
  mutating func elements(_ node: Node, of expected: String) -> [Node]? {
    switch node.content {
    case .sequence(let nodes): return nodes
    case .scalar(let scalar) where scalar.text.isEmpty:
      report(
        .emptyValue, node.span, "expected a list of \(expected), found nothing",
        help: "write [] for an empty list")
    case .scalar: return [node]
    case .mapping:
      report(.wrongShape, node.span, "expected a list of \(expected), found a mapping")
    }
    return nil
  }
}
