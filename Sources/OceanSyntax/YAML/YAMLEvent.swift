import CLibYAML

/// What libyaml's parser found next, in Swift types.
struct YAMLEvent {
  enum Kind {
    case documentStart
    case scalar(Scalar)
    case alias
    case sequenceStart(isFlow: Bool)
    case mappingStart(isFlow: Bool)
    case collectionEnd
    case streamEnd
    /// The start of the stream or the end of a document: nothing to do.
    case other
  }

  var kind: Kind
  /// The anchor set here, or the one an alias names.
  var anchor: String?
  var hasTag = false
  /// Where the event begins; anchor and tag are part of its extent. Block scalars and block collections reach
  /// past their last character.
  var start: Position
  var end: Position
}

/// Why libyaml gave up: its own words and the places it names.
struct YAMLFailure: Error {
  var problem: String
  var context: String?
  var position: Position
  var contextPosition: Position?
}

/// Pulls the events of a text one by one from libyaml.
struct YAMLEventReader: ~Copyable {
  private let parser: UnsafeMutablePointer<yaml_parser_t>

  /// `bytes` is UTF-8 without byte order mark, not empty, and outlives the reader. Nil means out of memory.
  init?(_ bytes: UnsafeBufferPointer<UInt8>) {
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    guard yaml_parser_initialize(parser) == 1 else {
      parser.deallocate()
      return nil
    }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    self.parser = parser
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  /// Returns the next event. Must not be called again after `streamEnd` or an error.
  mutating func next() throws(YAMLFailure) -> YAMLEvent {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw failure }
    defer { yaml_event_delete(&event) }
    return YAMLEvent(event)
  }

  private var failure: YAMLFailure {
    let state = parser.pointee
    return YAMLFailure(
      problem: state.problem.map { String(cString: $0) } ?? "out of memory",
      context: state.context.map { String(cString: $0) },
      position: Position(state.problem_mark),
      contextPosition: state.context == nil ? nil : Position(state.context_mark))
  }
}

extension YAMLEvent {
  fileprivate init(_ event: yaml_event_t) {
    self.init(kind: .other, start: Position(event.start_mark), end: Position(event.end_mark))
    switch event.type {
    case YAML_DOCUMENT_START_EVENT:
      kind = .documentStart
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      kind = .scalar(
        Scalar(text: String(decoding: bytes, as: UTF8.self), style: Scalar.Style(scalar.style)))
      anchor = scalar.anchor.map { String(cString: $0) }
      hasTag = scalar.tag != nil
    case YAML_ALIAS_EVENT:
      kind = .alias
      anchor = event.data.alias.anchor.map { String(cString: $0) }
    case YAML_SEQUENCE_START_EVENT:
      let sequence = event.data.sequence_start
      kind = .sequenceStart(isFlow: sequence.style == YAML_FLOW_SEQUENCE_STYLE)
      anchor = sequence.anchor.map { String(cString: $0) }
      hasTag = sequence.tag != nil
    case YAML_MAPPING_START_EVENT:
      let mapping = event.data.mapping_start
      kind = .mappingStart(isFlow: mapping.style == YAML_FLOW_MAPPING_STYLE)
      anchor = mapping.anchor.map { String(cString: $0) }
      hasTag = mapping.tag != nil
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
      kind = .collectionEnd
    case YAML_STREAM_END_EVENT:
      kind = .streamEnd
    default:
      break
    }
  }
}

extension Position {
  /// libyaml counts lines and columns from 0.
  fileprivate init(_ mark: yaml_mark_t) {
    self.init(line: Int32(clamping: mark.line + 1), column: Int32(clamping: mark.column + 1))
  }
}

extension Scalar.Style {
  fileprivate init(_ style: yaml_scalar_style_t) {
    switch style {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE: self = .singleQuoted
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: self = .doubleQuoted
    case YAML_LITERAL_SCALAR_STYLE: self = .literal
    case YAML_FOLDED_SCALAR_STYLE: self = .folded
    default: self = .plain
    }
  }
}
