package import OceanSyntax

/// A value together with the place in the config that gave it.
package struct Located<Value: Sendable>: Sendable {
  package var value: Value
  package var span: Span

  /// The place of a setting's key. It is shown for keys that are missing in the setting's value, a section.
  package var key: Span?

  package init(_ value: Value, _ span: Span, key: Span? = nil) {
    self.key = key
    self.value = value
    self.span = span
  }
}

/// The state of decoding: the folders that paths are relative to, and the diagnostics so far, all of them
/// errors.
struct Decoder {
  /// The folder that relative paths in each source are relative to.
  let folders: [SourceID: String]
  /// Whether the tree is the whole config; if not, nothing can be said to be missing.
  let isComplete: Bool
  /// Gives the places where each key is known, by key, for somebody who wrote a key elsewhere.
  var places: @Sendable () -> [String: [String]] = { Settings.placesByKey }
  var diagnostics: [Diagnostic]

  /// The absolute form of a path that stands at `span`.
  func resolve(_ path: String, at span: Span) -> String {
    Path.resolve(path, inside: folders[span.source] ?? "/")
  }

  mutating func report(
    _ code: DiagnosticCode, _ span: Span, _ message: String, label: String? = nil, help: String? = nil
  ) {
    diagnostics.append(Diagnostic(code, message, at: span, label: label, help: help))
  }

  /// "did you mean", if somebody will read it: after 100 diagnostics there is no hint, because comparing
  /// words takes long.
  func suggestion(for word: String, among candidates: [String]) -> String? {
    guard diagnostics.count < 100 else { return nil }
    return closestMatch(word, among: candidates).map { "did you mean '\($0)'?" }
  }

  /// The text of a scalar that is not empty. Anything else is reported as not being what was `expected`.
  mutating func scalar(_ node: Node, expected: String) -> String? {
    switch node.content {
    case .scalar(let scalar) where scalar.isNothing:
      report(
        .emptyValue, node.span, "expected \(expected), found nothing",
        help: "write a value, or remove the key to get the default")
    case .scalar(let scalar) where scalar.text.isEmpty:
      report(.emptyValue, node.span, "expected \(expected), found an empty text")
    case .scalar(let scalar):
      return scalar.text
    case .sequence:
      report(.wrongShape, node.anchor, "expected \(expected), found a list")
    case .mapping:
      report(.wrongShape, node.anchor, "expected \(expected), found a mapping")
    }
    return nil
  }

  /// The entries of a mapping from names to `things`.
  mutating func namedEntries(_ node: Node, of things: String) -> [Entry]? {
    let expected = "a mapping from names to \(things)"
    switch node.content {
    case .mapping(let entries): return entries
    case .scalar(let scalar) where scalar.isNothing:
      report(.emptyValue, node.span, "expected \(expected), found nothing")
    case .scalar:
      report(.wrongShape, node.span, "expected \(expected), found a single value")
    case .sequence:
      report(.wrongShape, node.anchor, "expected \(expected), found a list")
    }
    return nil
  }

  /// The elements of a list. A single value stands for a list of one.
  ///
  /// - Parameter areMappings: whether elements are mappings rather than scalars.
  mutating func elements(_ node: Node, of things: String, areMappings: Bool = false) -> [Node]? {
    switch node.content {
    case .sequence(let nodes): return nodes
    case .scalar(let scalar) where scalar.isNothing:
      report(
        .emptyValue, node.span, "expected a list of \(things), found nothing",
        help: "write [] for an empty list")
    case .scalar: return [node]
    case .mapping where areMappings: return [node]
    case .mapping:
      report(.wrongShape, node.anchor, "expected a list of \(things), found a mapping")
    }
    return nil
  }
}

extension Scalar {
  /// Whether the text is empty, or one of YAML's words for nothing (1.2.2 §10.3.2).
  var isNothing: Bool { style == .plain && ["", "~", "null", "Null", "NULL"].contains(text) }
}
