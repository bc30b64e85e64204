/// Names one text of a `SourceSet`. Ids are ordered by when their texts were added.
package struct SourceID: Sendable, Hashable, Comparable {
  let index: UInt32

  package static func < (a: SourceID, b: SourceID) -> Bool { a.index < b.index }
}

/// All texts of one compile, kept for as long as something may be said about them.
package struct SourceSet: Sendable {
  private var texts: [SourceText] = []

  package init() {}

  /// Adds the text of one file. `path` is what diagnostics print; `bytes` may be anything.
  package mutating func add(path: String, bytes: [UInt8]) -> SourceID {
    texts.append(SourceText(path: path, bytes: bytes))
    return SourceID(index: UInt32(clamping: texts.count - 1))
  }

  /// The texts, in the order in which they were added.
  package var contents: [[UInt8]] { texts.map(\.bytes) }

  /// The path a source was added with.
  package func path(_ id: SourceID) -> String { self[id].path }

  /// The text of a line (from 1) without its terminator; empty for a line that does not exist.
  /// Bytes that are not UTF-8 come out as U+FFFD.
  package func line(_ id: SourceID, _ number: Int) -> String {
    let text = self[id]
    return String(decoding: text.bytes[text.lineRange(number)], as: UTF8.self)
  }

  /// The same line of the text that was added with a path; nil if none was.
  package func line(_ number: Int, of path: String) -> String? {
    texts.firstIndex { $0.path == path }.map { line(SourceID(index: UInt32(clamping: $0)), number) }
  }

  /// The raw text that a span covers.
  package func text(of span: Span) -> String {
    let text = self[span.source]
    let start = text.offset(of: span.start)
    return String(decoding: text.bytes[start..<max(start, text.offset(of: span.end))], as: UTF8.self)
  }

  /// An empty text stands in for an id of another set.
  subscript(id: SourceID) -> SourceText {
    texts.indices.contains(Int(id.index)) ? texts[Int(id.index)] : SourceText(path: "", bytes: [])
  }
}
