import Foundation
import Testing

/// Compares a text with `Texts/NAME`. With OCEAN_RECORD=1 in the environment it is written there instead, to be read
/// before it is committed.
func expectGolden(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
  let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Texts/\(name)")
  if ProcessInfo.processInfo.environment["OCEAN_RECORD"] != nil {
    try text.write(to: file, atomically: true, encoding: .utf8)
  }
  #expect(try text == String(contentsOf: file, encoding: .utf8), sourceLocation: sourceLocation)
}
