/// A file in which a server keeps what it must remember, and which cannot be used.
package struct DamagedFile: Sendable, Hashable, Codable, CustomStringConvertible {
  package var path: String
  /// Half a sentence.
  package var reason: String

  package init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  /// A sentence without its end.
  package var description: String { "\(path) cannot be used: \(reason)" }
}
