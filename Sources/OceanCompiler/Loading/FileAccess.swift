/// How the front end reads files. It is injected, because the compiler itself reads nothing.
package struct FileAccess: Sendable {
  package enum ReadError: Error, Sendable, Equatable {
    case missing
    case notPermitted
    case isDirectory
    case notAFile
    case tooLarge(limit: Int)
    case other(String)
  }

  /// Reads a whole file, opened once.
  package var read: @Sendable (_ path: String) throws(ReadError) -> [UInt8]
  /// The existing files that a pattern with `*`, `?` and `[...]` matches, sorted.
  package var matches: @Sendable (_ pattern: String) -> [String]
  /// The directory of the file at `path`: absolute, and without symbolic links and `..`, so that a config
  /// means the same however its path was typed.
  package var directory: @Sendable (_ path: String) -> String

  package init(
    read: @escaping @Sendable (String) throws(ReadError) -> [UInt8],
    matches: @escaping @Sendable (String) -> [String], directory: @escaping @Sendable (String) -> String
  ) {
    self.read = read
    self.matches = matches
    self.directory = directory
  }
}

extension FileAccess.ReadError {
  /// Half a sentence for people: `there is no such file`.
  package var reason: String {
    switch self {
    case .missing: "there is no such file"
    case .notPermitted: "this user may not read it"
    case .isDirectory: "it is a directory"
    case .notAFile: "it is not a regular file"
    case .tooLarge(let limit): "it is larger than \(limit >> 20) MiB"
    case .other(let text): text
    }
  }
}
