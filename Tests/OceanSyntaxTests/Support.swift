import OceanSyntax

/// A text, its tree and its diagnostics.
struct Parsed {
  let sources: SourceSet
  let id: SourceID
  let root: Node?
  let diagnostics: [Diagnostic]

  init(_ text: String, limits: YAMLLimits = .init()) {
    self.init(bytes: Array(text.utf8), limits: limits)
  }

  init(bytes: [UInt8], limits: YAMLLimits = .init()) {
    var sources = SourceSet()
    id = sources.add(path: "ocean.yaml", bytes: bytes)
    self.sources = sources
    (root, diagnostics) = parseYAML(id, in: sources, limits: limits)
  }

  var rendered: String { DiagnosticRenderer.human(diagnostics, in: sources) }
  var codes: [String] { diagnostics.map(\.code.id) }

  func text(_ node: Node) -> String { sources.text(of: node.span) }

  /// All nodes, outermost first; keys before their values.
  var nodes: [Node] { root.map(\.withDescendants) ?? [] }
}

extension Node {
  var withDescendants: [Node] {
    let children: [Node] =
      switch content {
      case .scalar: []
      case .sequence(let nodes): nodes
      case .mapping(let entries): entries.flatMap { [$0.key, $0.value] }
      }
    return [self] + children.flatMap(\.withDescendants)
  }

  /// The tree without its places; the mark of its style is around each text: `{a:['b',"c"]}`.
  var outline: String {
    switch content {
    case .scalar(let scalar):
      switch scalar.style {
      case .plain: scalar.text
      case .singleQuoted: "'\(scalar.text)'"
      case .doubleQuoted: "\"\(scalar.text)\""
      case .literal: "|\(scalar.text)|"
      case .folded: ">\(scalar.text)>"
      }
    case .sequence(let nodes):
      "[" + nodes.map(\.outline).joined(separator: ",") + "]"
    case .mapping(let entries):
      "{" + entries.map { "\($0.key.outline):\($0.value.outline)" }.joined(separator: ",") + "}"
    }
  }
}
