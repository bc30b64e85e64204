import OceanAddresses
import OceanPlan
import OceanSyntax

/// A type that a mapping with known keys is decoded into.
protocol SectionRoot: Sendable {
  /// The section of a plan that it becomes, if there is one.
  associatedtype Lowered: Sendable = Never

  init()

  /// Keys with a mistake in their value, or somewhere in it. Their default must not be taken for what was
  /// meant.
  var mistaken: Set<String> { get set }
}

extension SectionRoot {
  func isMistaken(_ key: String) -> Bool { mistaken.contains(key) }
}

/// The default of a setting.
enum Fallback: Sendable {
  /// The default as it would be written.
  case written(String)
  case words(String)

  /// The default in Markdown.
  var text: String {
    switch self {
    case .written(let value): "`\(value)`"
    case .words(let words): words
    }
  }
}

/// One row of the settings table: everything ocean knows about a key.
struct Setting<Root: SectionRoot>: Sendable {
  let key: String
  /// How the setting is written, for somebody who left it out; nil if it is optional.
  let required: String?
  /// What documents say of it.
  var description: Description { describe() }
  let decode: @Sendable (Entry, inout Root, inout Decoder) -> Void
  /// Takes the value from another root if this one has no value.
  let inherit: @Sendable (_ from: Root, _ into: inout Root) -> Void
  /// The address lists in its value.
  let lists: @Sendable (Root) -> [AddressEntries]
  /// Takes the value over into the plan, and notes its origin below a path; nil if that needs more than the
  /// value.
  private(set) var lower: Lower?

  private let describe: @Sendable () -> Description

  typealias Lower = @Sendable (Root, inout Root.Lowered, SettingPath, inout Lowering) -> Void
  typealias Given<Value> = any WritableKeyPath<Root, Located<Value>?> & Sendable

  struct Description {
    /// Markdown, one paragraph.
    let doc: String
    /// Nil if the setting has no default.
    let fallback: Fallback?
    let summary: String
    let schema: JSONValue
    /// The settings below this one, for the reference.
    let children: [SettingRow]
  }

  /// Only the key is there from the start. Key paths, types and texts are made when they are needed: a config has few of
  /// all settings, and a start reads no documents.
  init<Value>(
    _ key: String, _ type: @autoclosure @escaping @Sendable () -> ValueType<Value>,
    _ path: @autoclosure @escaping @Sendable () -> Given<Value>,
    default fallback: @autoclosure @escaping @Sendable () -> Fallback? = nil, required: String? = nil,
    _ doc: @autoclosure @escaping @Sendable () -> String
  ) {
    self.key = key
    self.required = required
    describe = {
      let (type, fallback, doc) = (type(), fallback(), doc())
      return Description(
        doc: doc, fallback: fallback, summary: type.summary,
        schema: type.schema.adding(description: fallback.map { "\(doc) Default: \($0.text)." } ?? doc),
        children: type.children)
    }
    decode = { entry, root, decoder in
      let mistakes = decoder.diagnostics.count
      if let value = type().decode(entry.value, &decoder) {
        root[keyPath: path()] = Located(value, entry.value.anchor, key: entry.key.span)
      }
      if decoder.diagnostics.count > mistakes { root.mistaken.insert(key) }
    }
    inherit = { from, into in
      let path = path()
      guard into[keyPath: path] == nil, !into.mistaken.contains(key) else { return }
      into[keyPath: path] = from[keyPath: path]
      if from.mistaken.contains(key) { into.mistaken.insert(key) }
    }
    lists = { root in
      guard let lists = type().lists else { return [] }
      return root[keyPath: path()].map { lists($0.value) } ?? []
    }
  }
}

/// Settings with a row in the plan's catalogue, which gives their key, range and default.
extension Setting where Root.Lowered: PlanSection {
  /// A setting that is written differently from the plan's value.
  init<PlanValue, Value>(
    _ plan: PlanSetting<Root.Lowered, PlanValue>,
    _ type: @autoclosure @escaping @Sendable () -> ValueType<Value>,
    _ path: @autoclosure @escaping @Sendable () -> Given<Value>,
    default fallback: @autoclosure @escaping @Sendable () -> Fallback? = nil, required: String? = nil,
    _ doc: @autoclosure @escaping @Sendable () -> String
  ) {
    self.init(plan.key, type(), path(), default: fallback(), required: required, doc())
  }

  init(
    _ plan: PlanSetting<Root.Lowered, Int>, _ path: @autoclosure @escaping @Sendable () -> Given<Int>,
    _ doc: @autoclosure @escaping @Sendable () -> String
  ) {
    self.init(
      plan, plan.type.isDuration ? .duration(plan.range) : .integer(plan.range), taking: path(), doc())
  }

  init(
    _ plan: PlanSetting<Root.Lowered, Int?>, _ path: @autoclosure @escaping @Sendable () -> Given<Int?>,
    _ doc: @autoclosure @escaping @Sendable () -> String
  ) {
    self.init(plan, .integerOrOff(plan.type.range ?? 0...0), taking: path(), doc())
  }

  init(
    _ plan: PlanSetting<Root.Lowered, Bool>, _ path: @autoclosure @escaping @Sendable () -> Given<Bool>,
    _ doc: @autoclosure @escaping @Sendable () -> String
  ) {
    self.init(plan, .boolean, taking: path(), doc())
  }

  private init<Value>(
    _ plan: PlanSetting<Root.Lowered, Value>,
    _ type: @autoclosure @escaping @Sendable () -> ValueType<Value>,
    taking path: @autoclosure @escaping @Sendable () -> Given<Value>,
    _ doc: @autoclosure @escaping @Sendable () -> String
  ) {
    self.init(
      plan.key, type(), path(), default: .written(plan.type.text(plan.defaultValue) ?? ""), doc())
    lower = { given, result, section, lowering in
      guard let value = lowering.take(given[keyPath: path()], plan.path(in: section)) else { return }
      result[keyPath: plan.path] = value
    }
  }

  /// A setting that is an address list.
  init(
    _ plan: PlanSetting<Root.Lowered, AddressSet>,
    _ path: @autoclosure @escaping @Sendable () -> Given<AddressEntries>,
    default fallback: @autoclosure @escaping @Sendable () -> Fallback = .words("none"),
    _ doc: @autoclosure @escaping @Sendable () -> String
  ) {
    self.init(plan.key, .addresses, path(), default: fallback(), doc())
    lower = { given, result, section, lowering in
      result[keyPath: plan.path] =
        lowering.lowerAddresses(given[keyPath: path()], plan.path(in: section)).union(plan.type.always)
    }
  }
}

extension Section where Root.Lowered: PlanSection {
  /// Takes over every value that needs nothing but itself.
  func lower(
    _ given: Root, into result: inout Root.Lowered, at path: SettingPath, _ lowering: inout Lowering
  ) {
    for setting in settings { setting.lower?(given, &result, path, &lowering) }
  }
}

/// A mapping with known keys.
struct Section<Root: SectionRoot>: Sendable {
  let summary: String
  /// How the section is written, with its key, for somebody who wrote something else.
  var example: String?
  /// Keys that were settings once, and what to do with them.
  var removed: [String: String] = [:]
  /// Whether it has exactly one of its settings. The schema says so; what reads the section checks it.
  var isChoice = false
  /// Those that may stand beside the one.
  var beside: Set<String> = []
  let settings: [Setting<Root>]

  var schema: JSONValue {
    var object: [String: JSONValue] = [
      "type": "object",
      "additionalProperties": false,
      "properties": .object(
        Dictionary(settings.map { ($0.key, $0.description.schema) }, uniquingKeysWith: { first, _ in first })),
    ]
    let required = settings.filter { $0.required != nil }.map(\.key)
    if isChoice, !beside.isEmpty {
      object["oneOf"] = .array(
        settings.map(\.key).filter { !beside.contains($0) }.map { ["required": [.string($0)]] })
    } else if isChoice {
      object["minProperties"] = 1
      object["maxProperties"] = 1
    } else if required.isEmpty {
      object["type"] = ["object", "null"]
    } else {
      object["required"] = .array(required.map(JSONValue.string))
    }
    return .object(object)
  }

  /// Decodes a mapping; nil if it is not a mapping at all. An absent value is an empty mapping.
  func decode(_ node: Node, _ decoder: inout Decoder) -> Root? {
    let entries: [Entry]
    let help = example.map { "for example \($0)" }
    switch node.content {
    case .mapping(let found): entries = found
    case .scalar(let scalar) where scalar.isNothing: entries = []
    case .scalar:
      decoder.report(
        .wrongShape, node.span, "expected \(summary), a mapping, found a single value", help: help)
      return nil
    case .sequence:
      decoder.report(.wrongShape, node.anchor, "expected \(summary), a mapping, found a list", help: help)
      return nil
    }
    var root = Root()
    var seen: Set<String> = []
    for entry in entries {
      guard let key = entry.key.scalar?.text else { continue }
      seen.insert(key)
      if let setting = settings.first(where: { $0.key == key }) {
        setting.decode(entry, &root, &decoder)
      } else {
        reportUnknown(key, entry.key.span, &decoder)
        root.mistaken.insert(key)
      }
    }
    guard decoder.isComplete else { return root }
    for setting in settings where !seen.contains(setting.key) {
      guard let example = setting.required else { continue }
      decoder.report(
        .missingSetting, node.anchor, "\(summary) needs '\(setting.key)'",
        help: "for example \(setting.key): \(example)")
      root.mistaken.insert(setting.key)
    }
    return root
  }

  private func reportUnknown(_ key: String, _ span: Span, _ decoder: inout Decoder) {
    if let help = removed[key] {
      decoder.report(.unknownSetting, span, "'\(key)' is not a setting any more", help: help)
      return
    }
    let help =
      if let places = decoder.places()[key] {
        "'\(key)' belongs \(places.joined(separator: " or "))"
      } else {
        decoder.suggestion(for: key, among: settings.map(\.key))
          ?? "known here: \(settings.map(\.key).joined(separator: ", "))"
      }
    decoder.report(.unknownSetting, span, "unknown setting '\(key)' in \(summary)", help: help)
  }

  /// Every address list in the section.
  func lists(in root: Root) -> [AddressEntries] { settings.flatMap { $0.lists(root) } }

  /// Fills what `root` leaves open from `defaults`.
  func inherit(from defaults: Root, into root: inout Root) {
    for setting in settings { setting.inherit(defaults, &root) }
  }

  /// The section and everything below it, one row per setting.
  var rows: [SettingRow] {
    settings.flatMap { setting in
      let description = setting.description
      let row = SettingRow(
        path: setting.key, summary: description.summary, fallback: description.fallback,
        isRequired: setting.required != nil, doc: description.doc)
      return [row] + description.children.map { $0.below(setting.key) }
    }
  }
}

/// A setting as the reference lists it.
struct SettingRow: Sendable {
  /// The path from the section that lists it: `services.NAME.ports` from the root.
  var path: String
  let summary: String
  let fallback: Fallback?
  let isRequired: Bool
  let doc: String

  func below(_ prefix: String) -> SettingRow {
    var row = self
    row.path = "\(prefix).\(path)"
    return row
  }
}
