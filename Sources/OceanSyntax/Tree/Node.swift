/// A value of a YAML text and where it stands.
///
/// Aliases are expanded: the node has the alias's own span, and the nodes inside it those of the definition.
/// A tree is never deeper than `YAMLLimits.depth`, so walking it recursively is safe.
package struct Node: Sendable {
  package enum Content: Sendable {
    case scalar(Scalar)
    case sequence([Node])
    case mapping([Entry])
  }

  package var span: Span
  package var content: Content

  package init(span: Span, content: Content) {
    self.span = span
    self.content = content
  }
}

/// A text, always a string: YAML's implicit types (`no`, `0640`, `22:22`) do not apply.
///
/// An absent value (`key:`) is a plain scalar with empty text and an empty span right after the colon.
package struct Scalar: Sendable, Equatable {
  package enum Style: Sendable {
    case plain
    case singleQuoted
    case doubleQuoted
    case literal
    case folded
  }

  package var text: String
  package var style: Style

  package init(text: String, style: Style = .plain) {
    self.text = text
    self.style = style
  }

  /// Whether nothing was written. An empty text in quotes is not absent.
  package var isAbsent: Bool { text.isEmpty && style == .plain }
}

/// One `key: value`. A mapping keeps the order of the file; its keys are scalars and unique.
package struct Entry: Sendable {
  package var key: Node
  package var value: Node

  package init(key: Node, value: Node) {
    self.key = key
    self.value = value
  }
}

extension Node {
  /// The scalar, if the node is one.
  package var scalar: Scalar? {
    if case .scalar(let scalar) = content { scalar } else { nil }
  }

  /// The members, if the node is a sequence.
  package var sequence: [Node]? {
    if case .sequence(let nodes) = content { nodes } else { nil }
  }

  /// The entries, if the node is a mapping.
  package var mapping: [Entry]? {
    if case .mapping(let entries) = content { entries } else { nil }
  }
}
