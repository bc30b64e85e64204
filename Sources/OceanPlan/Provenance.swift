/// The origin of each value of a plan, by its path: `services.pop3.max_connections`.
///
/// A value without an entry is a default. Provenance is shown to people: it is never compared, and it decides
/// nothing.
package struct Provenance: Sendable, Equatable {
  package struct Origin: Sendable, Hashable, Codable, CustomStringConvertible {
    package var file: String
    package var line: Int
    package var column: Int

    package init(file: String, line: Int, column: Int) {
      self.file = file
      self.line = line
      self.column = column
    }

    /// Such as `ocean.yaml:31`.
    package var description: String { "\(file):\(line)" }
  }

  package private(set) var origins: [String: Origin] = [:]

  package init() {}

  package subscript(_ path: SettingPath) -> Origin? {
    get { origins[path.description] }
    set { origins[path.description] = newValue }
  }

  /// The origin of something that is not a setting: a section's beginning, or the place that names a socket.
  package subscript(_ path: String) -> Origin? {
    get { origins[path] }
    set { origins[path] = newValue }
  }
}

extension Provenance: Codable {
  package init(from decoder: any Decoder) throws {
    origins = try decoder.singleValueContainer().decode([String: Origin].self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(origins)
  }
}
