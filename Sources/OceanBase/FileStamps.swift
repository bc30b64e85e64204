/// The stamps of several files: whether one of them was written since they were read, without reading them again.
package struct FileStamps: Sendable {
  /// By path.
  private let stamps: [String: FileStamp]

  /// Takes the stamps of files that have been read.
  ///
  /// - Parameter reading: nanoseconds since 1970, before the first of them was read.
  /// - Returns: nil if one cannot be looked at, or was written so shortly before that it may have been written again without
  ///   another stamp, or while they were read.
  package init?(of files: some Sequence<String>, readAfter reading: Int64) {
    var stamps: [String: FileStamp] = [:]
    for file in files {
      guard let stamp = FileStamp(ofFileAt: file), stamp.isConclusive(at: reading) else { return nil }
      stamps[file] = stamp
    }
    self.stamps = stamps
  }

  /// Whether all files are as they were read.
  package var areCurrent: Bool { stamps.allSatisfy { FileStamp(ofFileAt: $0) == $1 } }
}
