/// The stamps of several files: whether one of them was written since they were read, without reading them again.
package struct FileStamps: Sendable {
  /// By path; nil for a file that is not there.
  private let stamps: [String: FileStamp?]

  /// Takes the stamps of files that have been read.
  ///
  /// - Parameter reading: nanoseconds since 1970, before the first of them was read.
  /// - Returns: nil if one was written so shortly before that it may have been written again without another stamp,
  ///   or while they were read.
  package init?(of files: some Sequence<String>, readAfter reading: Int64) {
    stamps = Dictionary(files.map { ($0, FileStamp(ofFileAt: $0)) }, uniquingKeysWith: { first, _ in first })
    guard stamps.values.allSatisfy({ $0?.isConclusive(at: reading) ?? true }) else { return nil }
  }

  /// Whether all files are as they were read.
  package var areCurrent: Bool { stamps.allSatisfy { FileStamp(ofFileAt: $0) == $1 } }
}
