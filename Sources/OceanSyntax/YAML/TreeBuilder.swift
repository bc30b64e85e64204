/// Builds the tree from libyaml's events: expands aliases, enforces the limits and what ocean leaves out of
/// YAML, and gives every node its exact span.
struct TreeBuilder {
  let source: SourceID
  let text: SourceText
  let limits: YAMLLimits

  /// The tree; nil until the document is complete, and if it could not be completed.
  private(set) var root: Node?
  private(set) var diagnostics: [Diagnostic] = []

  /// The collections that are open, outermost first.
  private(set) var frames: [Frame] = []
  private var anchors: [String: Anchor] = [:]
  private var nodeCount = 0
  /// The last complete node, for what it says about a syntax error after it.
  private(set) var lastNode: Node?
  /// Whether something was reported after which there is no point in going on.
  private var isStopped = false
  /// What belongs to what cannot be told: somebody wrote it with characters that mean nothing to YAML.
  private(set) var isStructureUnknown = false
  /// See `RepairedText`.
  private var holdsDisguises = false
  private var cursor: SourceCursor

  init(source: SourceID, text: SourceText, limits: YAMLLimits) {
    self.source = source
    self.text = text
    self.limits = limits
    cursor = SourceCursor(text)
  }

  /// Reads all events. Returns the syntax error that ended the parse, if there was one.
  mutating func build(from repaired: RepairedText) -> YAMLFailure? {
    holdsDisguises = repaired.holdsDisguises
    let failure = repaired.bytes.withUnsafeBufferPointer { buffer -> YAMLFailure? in
      let content = UnsafeBufferPointer(rebasing: buffer[text.contentStart...])
      guard !content.isEmpty, var reader = YAMLEventReader(content) else { return nil }
      do throws(YAMLFailure) {
        while !isStopped {
          let event = try reader.next()
          if case .streamEnd = event.kind { break }
          consume(event)
        }
        return nil
      } catch {
        return error
      }
    }
    if failure != nil || isStopped || isStructureUnknown {
      root = nil
    } else if root == nil || root?.scalar?.isAbsent == true {
      root = nil
      guard diagnostics.isEmpty else { return nil }
      let start = Position(line: 1, column: 1)
      stop(
        Diagnostic(.emptyFile, "the file has no content", at: Span(source: source, start: start, end: start)))
    }
    return failure
  }

  /// Adds a mistake, and gives up after too many of them.
  mutating func report(_ diagnostic: Diagnostic) {
    guard !isStopped else { return }
    diagnostics.append(diagnostic)
    if diagnostics.count >= limits.diagnostics {
      stop(
        Diagnostic(
          .tooManyMistakes, "\(limits.diagnostics) mistakes so far; the rest of the file was not read",
          at: diagnostic.span))
    }
  }

  private mutating func stop(_ diagnostic: Diagnostic) {
    guard !isStopped else { return }
    diagnostics.append(diagnostic)
    isStopped = true
  }

  // MARK: - Events

  private mutating func consume(_ event: YAMLEvent) {
    switch event.kind {
    case .documentStart:
      if root != nil {
        let span = Span(source: source, start: event.start, end: event.end)
        stop(
          Diagnostic(
            .severalDocuments, "a second document begins here", at: span,
            help: "one file holds one document: remove this line, or move what follows into a file of its own"
          ))
      }
    case .scalar(let scalar):
      self.scalar(scalar, event)
    case .alias:
      alias(event)
    case .sequenceStart(let isFlow):
      open(event, isMapping: false, isFlow: isFlow)
    case .mappingStart(let isFlow):
      open(event, isMapping: true, isFlow: isFlow)
    case .collectionEnd:
      close(event)
    case .streamEnd, .other:
      break
    }
  }

  private mutating func scalar(_ scalar: Scalar, _ event: YAMLEvent) {
    var scalar = scalar
    var span = Span(source: source, start: contentStart(of: event), end: event.end)
    switch scalar.style {
    case .plain where scalar.text.isEmpty && event.start == event.end:
      if let key = lastNode, frames.last?.entries.awaitsValue ?? false {
        span.start = placeOfAbsentValue(span.start, key: key.span)
        span.end = span.start
      }
    case .plain:
      // On one line a plain scalar's text is what is written.
      if holdsDisguises, span.start.line == span.end.line {
        scalar.text = String(
          decoding: text.bytes[cursor.move(to: span.start)..<cursor.move(to: span.end)], as: UTF8.self)
      }
      // Few texts are more than ASCII.
      if scalar.text.utf8.contains(where: { $0 >= 0x80 }) {
        checkDisguises(
          of: &scalar, in: cursor.move(to: span.start)..<cursor.move(to: span.end),
          isOneLine: span.start.line == span.end.line)
      }
    case .literal, .folded:
      span.end = endOfBlockScalar(span)
      // YAML counts the line breaks at its end (1.2.2 §8.1.1.2); they matter to no setting.
      while scalar.text.utf8.last == UInt8(ascii: "\n") { scalar.text.removeLast() }
    case .doubleQuoted:
      if let hidden = scalar.text.unicodeScalars.first(where: { !$0.isAllowedInText }) {
        report(
          Diagnostic(
            .controlCharacter, "this text holds the character \(hidden.name), which cannot be seen", at: span,
            help: "remove its escape sequence"))
      }
    case .singleQuoted:
      break
    }
    spend(1, at: span)
    attach(Node(span: span, content: .scalar(scalar)), Extent(nodes: 1, depth: 0), anchor: event.anchor)
  }

  /// Reports what is not what it looks like in a plain scalar, and takes typographic quotes for the straight ones.
  private mutating func checkDisguises(of scalar: inout Scalar, in range: Range<Int>, isOneLine: Bool) {
    if let found = disguisedIndentation(endingAt: range.lowerBound) {
      isStructureUnknown = true
      return report(found)
    }
    let isFlow = frames.last?.isBracketed ?? false
    var isFound = false
    for line in isOneLine ? [range] : text.lines(in: range) {
      guard let other = LookAlike.first(in: line, of: text, isFlow: isFlow) else { continue }
      isFound = true
      report(other.diagnostic(at: self.span(other.range)))
      if other.kind == .quote {
        let inner = scalar.text.unicodeScalars.drop(while: \.isTypographicQuote)
        scalar.text = String(inner.prefix { !$0.isTypographicQuote })
      } else {
        isStructureUnknown = true
      }
    }
    if !isFound, let space = disguisedSpace(in: range) { report(space) }
  }

  private mutating func alias(_ event: YAMLEvent) {
    let span = Span(source: source, start: event.start, end: event.end)
    let name = event.anchor ?? ""
    var content = Node.Content.scalar(Scalar(text: ""))
    var extent = Extent(nodes: 1, depth: 0)
    if let open = frames.last(where: { $0.anchor == name }) {
      report(
        Diagnostic(
          .recursiveAlias, "*\(name) is inside the value that it repeats", at: span,
          related: [Diagnostic.Related("&\(name) begins here", at: character(at: open.start))],
          help: "write the value out"))
    } else if let anchor = anchors[name] {
      content = anchor.node.content
      extent = anchor.extent
    } else {
      // Generated files get no suggestion: the search looks at every anchor.
      let suggestion = anchors.count <= 100 ? closestMatch(name, among: anchors.keys.sorted()) : nil
      report(
        Diagnostic(
          .unknownAlias, "*\(name) refers to nothing", at: span, label: "there is no &\(name) above",
          help: suggestion.map { "did you mean *\($0)?" } ?? "quote a text that begins with *"))
    }
    spend(extent.nodes, at: span)
    attach(Node(span: span, content: content), extent, anchor: nil)
  }

  private mutating func open(_ event: YAMLEvent, isMapping: Bool, isFlow: Bool) {
    let start = contentStart(of: event)
    guard frames.count < limits.depth else { return stopTooDeep(character(at: start)) }
    spend(1, at: character(at: start))
    // `[a: b]` holds a flow mapping without braces.
    let isBracketed = isFlow && "[{".utf8.contains(byte(at: start) ?? 0)
    frames.append(
      Frame(start: start, anchor: event.anchor, isMapping: isMapping, isBracketed: isBracketed))
  }

  private mutating func close(_ event: YAMLEvent) {
    guard var frame = frames.popLast() else { return }
    // A block collection's own end is where the next thing begins, so the end of its last member is used.
    let end = frame.isBracketed ? event.end : frame.end ?? frame.start
    let span = Span(source: source, start: frame.start, end: end)
    var node = Node(span: span, content: .sequence(frame.nodes))
    if frame.isMapping {
      let (mended, mistakes) = frame.entries.finish(at: span) { byte(at: $0) == UInt8(ascii: ":") }
      node = mended
      for mistake in mistakes { report(mistake) }
    }
    frame.extent.nodes += 1
    frame.extent.depth += 1
    attach(node, frame.extent, anchor: frame.anchor)
  }

  // MARK: - Tree

  /// Puts a complete node where it belongs.
  private mutating func attach(_ node: Node, _ extent: Extent, anchor: String?) {
    guard !isStopped else { return }
    lastNode = node
    if let anchor { anchors[anchor] = Anchor(node: node, extent: extent) }
    guard frames.count + extent.depth <= limits.depth else { return stopTooDeep(node.span) }
    guard let last = frames.indices.last else {
      root = node
      return
    }
    frames[last].end = node.span.end
    frames[last].extent.include(extent)
    if !frames[last].isMapping {
      frames[last].nodes.append(node)
    } else if let mistake = frames[last].entries.add(node) {
      report(mistake)
    }
  }

  /// Counts nodes against the limit. Aliases make a small text stand for a huge tree.
  private mutating func spend(_ nodes: Int, at span: Span) {
    nodeCount += nodes
    guard nodeCount > limits.nodes else { return }
    stop(
      Diagnostic(
        .tooManyNodes, "more than \(limits.nodes) values, counting what aliases repeat", at: span,
        label: "the limit is passed here",
        help: "move long address lists into list files: { file: lists/drop.netset }"))
  }

  private mutating func stopTooDeep(_ span: Span) {
    stop(Diagnostic(.tooDeep, "lists and mappings are nested more than \(limits.depth) deep", at: span))
  }

  // MARK: - Places

  private func character(at start: Position) -> Span {
    Span(source: source, start: start, end: Position(line: start.line, column: start.column + 1))
  }

  private mutating func byte(at position: Position) -> UInt8? {
    let offset = cursor.move(to: position)
    return offset < text.bytes.count ? text.bytes[offset] : nil
  }

  private mutating func byte(before position: Position) -> UInt8? {
    let offset = cursor.move(to: position)
    return offset > 0 ? text.bytes[offset - 1] : nil
  }

  /// libyaml puts some absent values where the next thing begins, which may be lines below. This place is
  /// right after the colon, or after the key if there is no colon.
  private mutating func placeOfAbsentValue(_ place: Position, key: Span) -> Position {
    if byte(before: place) == UInt8(ascii: ":") || place < key.end { return place }
    let end = cursor.move(to: key.end)
    let blanks = text.bytes[end...].prefix(while: \.isBlank)
    guard text.bytes[blanks.endIndex...].first == UInt8(ascii: ":") else { return key.end }
    return cursor.move(toOffset: blanks.endIndex + 1)
  }

  /// Where a node begins, after its anchor and tag. A tag is reported.
  private mutating func contentStart(of event: YAMLEvent) -> Position {
    guard event.hasTag || event.anchor != nil else { return event.start }
    let properties = NodeProperties(in: text, from: cursor.move(to: event.start))
    if event.hasTag, let tag = properties.tag {
      let span = Span(
        source: source, start: cursor.move(toOffset: tag.lowerBound),
        end: cursor.move(toOffset: tag.upperBound))
      report(Diagnostic(.tag, "tags are not supported", at: span, help: "remove it"))
    }
    if case .scalar = event.kind {
      // Nothing follows the properties of an absent value.
      return min(cursor.move(toOffset: properties.end), event.end)
    }
    // The event of a collection ends with its first token. That token has a width unless it is implied.
    var start = event.end
    if let byte = byte(before: start), "[{-".utf8.contains(byte) { start.column -= 1 }
    return start
  }

  /// Returns where a block scalar's last line with text ends. libyaml's own end lies after blank lines.
  private mutating func endOfBlockScalar(_ span: Span) -> Position {
    let start = cursor.move(to: span.start)
    var end = cursor.move(to: span.end)
    while end > start, text.bytes[end - 1].isBlank || text.bytes[end - 1].isLineBreak { end -= 1 }
    let position = text.position(of: end)
    guard position.line == span.start.line else { return position }
    // Only the header remains without a line of text, and a comment may follow it.
    let header = text.bytes[start...].prefix { "|>+-".utf8.contains($0) || (0x30...0x39).contains($0) }
    return Position(line: span.start.line, column: span.start.column + Int32(clamping: header.count))
  }
}
