import OceanSyntax

/// One row of the settings table: everything ocean knows of a key.
struct Setting<Root: Sendable>: Sendable {
  let key: String
  /// Markdown, one paragraph.
  let doc: String
  /// The default in words; nil where there is none.
  let fallback: String?
  let required: Bool
  let summary: String
  let schema: JSONValue
  /// The sections below, for the reference: (path suffix, rows).
  let children: [SettingRow]
  let decode: @Sendable (Node, inout Root, inout Decoder) -> Void
  /// Takes over the value of another root where this one has none.
  let inherit: @Sendable (_ from: Root, _ into: inout Root) -> Void

  init<Value>(
    _ key: String, _ type: ValueType<Value>,
    _ path: any WritableKeyPath<Root, Located<Value>?> & Sendable,
    default fallback: String? = nil, required: Bool = false, children: [SettingRow] = [], _ doc: String
  ) {
    self.key = key
    self.doc = doc
    self.fallback = fallback
    self.required = required
    self.children = children
    summary = type.summary
    schema = type.schema.adding(description: doc, fallback: fallback)
    decode = { node, root, decoder in
      if let value = type.decode(node, &decoder) { root[keyPath: path] = Located(value, node.span) }
    }
    inherit = { from, into in
      if into[keyPath: path] == nil { into[keyPath: path] = from[keyPath: path] }
    }
  }
}

/// A setting as the reference lists it.
struct SettingRow: Sendable {
  let path: String
  let summary: String
  let fallback: String?
  let required: Bool
  let doc: String
}

/// A mapping with known keys.
struct Section<Root: Sendable>: Sendable {
  let summary: String
  let make: @Sendable () -> Root
  let settings: [Setting<Root>]

  var schema: JSONValue {
    var object: [String: JSONValue] = [
      "type": ["object", "null"],
      "additionalProperties": false,
      "properties": .object(
        Dictionary(settings.map { ($0.key, $0.schema) }, uniquingKeysWith: { first, _ in first })),
    ]
    let required = settings.filter(\.required).map(\.key)
    if !required.isEmpty { object["required"] = .array(required.map(JSONValue.string)) }
    return .object(object)
  }

  func decode(_ node: Node, _ decoder: inout Decoder) -> Root? {
    let entries: [Entry]
    switch node.content {
    case .mapping(let found): entries = found
    case .scalar(let scalar) where scalar.text.isEmpty: entries = []
    case .scalar, .sequence:
      decoder.report(.wrongShape, node.span, "expected \(summary): a mapping of settings")
      return nil
    }
    var root = make()
    var seen: Set<String> = []
    for entry in entries {
      guard case .scalar(let key) = entry.key.content else { continue }
      seen.insert(key.text)
      if let setting = settings.first(where: { $0.key == key.text }) {
        setting.decode(entry.value, &root, &decoder)
      } else {
        reportUnknown(key.text, entry.key.span, &decoder)
      }
    }
    for setting in settings where setting.required && !seen.contains(setting.key) {
      decoder.report(
        .missingSetting, node.span.firstLine, "\(summary) needs '\(setting.key)'", help: setting.doc)
    }
    return root
  }

  private func reportUnknown(_ key: String, _ span: Span, _ decoder: inout Decoder) {
    let help: String
    if let close = closestMatch(key, among: settings.map(\.key)) {
      help = "did you mean '\(close)'?"
    } else if let places = decoder.placesByKey[key] {
      help = "'\(key)' belongs in \(places.joined(separator: " or "))"
    } else {
      help = "known here: \(settings.map(\.key).joined(separator: ", "))"
    }
    decoder.report(.unknownSetting, span, "unknown setting '\(key)' in \(summary)", help: help)
  }

  /// Fills what `root` leaves open from `defaults`.
  func inherit(from defaults: Root, into root: inout Root) {
    for setting in settings { setting.inherit(defaults, &root) }
  }

  /// The section and everything below it, one row a setting.
  func rows(below path: String) -> [SettingRow] {
    settings.flatMap { setting in
      let prefix = path.isEmpty ? setting.key : "\(path).\(setting.key)"
      let row = SettingRow(
        path: prefix, summary: setting.summary, fallback: setting.fallback, required: setting.required,
        doc: setting.doc)
      return [row]
        + setting.children.map {
          SettingRow(
            path: "\(prefix).\($0.path)", summary: $0.summary, fallback: $0.fallback, required: $0.required,
            doc: $0.doc)
        }
    }
  }
}
