/// How much a subtree holds, for the limits.
struct Extent {
  /// The number of nodes, the root included.
  var nodes: Int
  /// How many collections are inside one another, the root included.
  var depth: Int

  /// Adds a child's extent to that of a collection that is being built.
  mutating func include(_ child: Extent) {
    nodes += child.nodes
    depth = max(depth, child.depth)
  }
}

/// The node an alias stands for.
struct Anchor {
  let node: Node
  let extent: Extent
}

/// A collection whose end has not been reached.
struct Frame {
  let start: Position
  let anchor: String?
  let isMapping: Bool
  /// Whether it was written with brackets or braces.
  let isBracketed: Bool
  /// The members of a sequence.
  var nodes: [Node] = []
  /// The entries of a mapping.
  var entries = EntryList()
  /// The end of the last member.
  var end: Position?
  /// The extent of the members so far.
  var extent = Extent(nodes: 0, depth: 0)

  init(start: Position, anchor: String?, isMapping: Bool, isBracketed: Bool) {
    self.start = start
    self.anchor = anchor
    self.isMapping = isMapping
    self.isBracketed = isBracketed
  }
}

/// The entries of a mapping that is being read. Checks the keys and drops entries that cannot stay.
struct EntryList {
  private enum Key {
    case awaited
    case accepted(Node)
    /// The key was refused: its value is read and dropped.
    case refused
  }

  private var entries: [Entry] = []
  private var key = Key.awaited
  /// Where each key is among `entries`, once there are many of them.
  private var indices: [String: Int] = [:]
  private static let hashedFrom = 16

  /// The last entry that is complete.
  var last: Entry? { entries.last }

  /// Whether a key was read last.
  var awaitsValue: Bool {
    if case .awaited = key { false } else { true }
  }

  /// Takes the next key or value. Returns what is wrong with it, if anything is.
  mutating func add(_ node: Node) -> Diagnostic? {
    switch key {
    case .accepted(let accepted):
      entries.append(Entry(key: accepted, value: node))
      if let text = accepted.scalar?.text, entries.count >= Self.hashedFrom { index(text) }
      key = .awaited
      return nil
    case .refused:
      key = .awaited
      return nil
    case .awaited:
      let mistake = mistake(in: node)
      key = mistake == nil ? .accepted(node) : .refused
      return mistake
    }
  }

  private func mistake(in key: Node) -> Diagnostic? {
    guard let scalar = key.scalar else {
      return Diagnostic(
        .keyIsNoText, "a list or mapping cannot be a key", at: key.span,
        help: "quote a text that begins with [ or {")
    }
    if scalar.text == "<<", scalar.style == .plain {
      return Diagnostic(
        .mergeKey, "the merge key << is not supported", at: key.span, help: "write the entries out")
    }
    if let first = entry(for: scalar.text) {
      return Diagnostic(
        .duplicateKey, "duplicate key \"\(abbreviated(scalar.text))\"", at: key.span,
        related: [Diagnostic.Related("it is already set here", at: first.key.span)],
        help: "remove one of the two, or merge them")
    }
    return nil
  }

  private mutating func index(_ text: String) {
    if indices.isEmpty {
      for (index, entry) in entries.enumerated() {
        if let text = entry.key.scalar?.text { indices[text] = index }
      }
    } else {
      indices[text] = entries.count - 1
    }
  }

  private func entry(for text: String) -> Entry? {
    if indices.isEmpty { return entries.first { $0.key.scalar?.text == text } }
    return indices[text].map { entries[$0] }
  }

  /// Returns the complete mapping. `2001:db8::` without quotes arrives as the key `2001:db8:` without a
  /// value. That is reported and mended. If there was nothing else, the mapping becomes the address or
  /// addresses it was meant to be.
  func finish(at span: Span, isColon: (Position) -> Bool) -> (node: Node, mistakes: [Diagnostic]) {
    guard entries.contains(where: { address(in: $0, isColon) != nil }) else {
      return (Node(span: span, content: .mapping(entries)), [])
    }
    var kept: [Entry] = []
    var addresses: [Node] = []
    for entry in entries {
      if let address = address(in: entry, isColon) { addresses.append(address) } else { kept.append(entry) }
    }
    let mistakes = addresses.map { BareAddress.diagnostic($0.scalar?.text ?? "", at: $0.span) }
    if kept.isEmpty, addresses.count == 1 { return (addresses[0], mistakes) }
    return (Node(span: span, content: kept.isEmpty ? .sequence(addresses) : .mapping(kept)), mistakes)
  }

  private func address(in entry: Entry, _ isColon: (Position) -> Bool) -> Node? {
    guard let key = entry.key.scalar, key.style == .plain, key.text.utf8.last == UInt8(ascii: ":"),
      entry.value.scalar?.isAbsent == true, BareAddress.matches(key.text + ":"), isColon(entry.key.span.end)
    else { return nil }
    var span = entry.key.span
    span.end.column += 1
    return Node(span: span, content: .scalar(Scalar(text: key.text + ":")))
  }
}

/// The beginning of a text that came from a file and may be very long.
private func abbreviated(_ text: String) -> String {
  text.utf8.count <= 80 ? text : String(text.unicodeScalars.prefix(60)) + "..."
}
