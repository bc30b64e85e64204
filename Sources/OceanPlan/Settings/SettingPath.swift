/// The place of a value in a plan: `services.pop3.idle_timeout`. The same path leads to the value in a plan
/// file, in its provenance and in a diff.
///
/// Rows of the catalogue make paths (``PlanSetting``). Names that administrators choose have no dots.
package struct SettingPath: Sendable, Hashable, Comparable, CustomStringConvertible {
  package let description: String

  /// Reads a path from a plan file. Code takes paths from the catalogue.
  package init(_ text: String) { description = text }

  static let root = SettingPath("")

  package func appending(_ key: String) -> SettingPath {
    if key.isEmpty { return self }
    return description.isEmpty ? SettingPath(key) : SettingPath("\(description).\(key)")
  }

  package static func service(_ name: String) -> SettingPath { root.appending("services").appending(name) }

  package var components: [Substring] { description.split(separator: ".") }

  /// The last component.
  package var key: String { components.last.map(String.init) ?? "" }

  /// The path of the section around it.
  package var section: SettingPath { SettingPath(components.dropLast().joined(separator: ".")) }

  /// The name of the certificate that the path belongs to, if it belongs to one.
  var certificate: String? { name(in: "certificates") }

  /// The name of the service that the path belongs to, if it belongs to one.
  var service: String? { name(in: "services") }

  private func name(in section: String) -> String? {
    let parts = components
    return parts.count > 1 && parts[0] == section ? String(parts[1]) : nil
  }

  /// The path with `NAME` in place of a name that the administrator chose, as the catalogue has it.
  var pattern: String {
    var parts = components
    guard parts.count > 1, Plan.namedSections.contains(String(parts[0])) else { return description }
    parts[1] = "NAME"
    // The components below are endpoints.
    if parts.count > 2, parts[2] == "listeners" { parts.removeSubrange(3...) }
    return parts.joined(separator: ".")
  }

  package static func < (a: SettingPath, b: SettingPath) -> Bool { a.description < b.description }
}

/// A key in a plan file, written in snake case.
struct SettingKey: CodingKey {
  /// The key in camel case; the coders convert it.
  let stringValue: String

  init(_ key: String) {
    let words = key.split(separator: "_")
    stringValue =
      words.prefix(1).joined() + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  init(stringValue: String) { self.stringValue = stringValue }

  var intValue: Int? { nil }
  init?(intValue: Int) { nil }
}
