import Glibc

/// What an argument looks like, where something else is meant: the one who wrote it is told what to write instead.
extension String {
  /// Six hexadecimal digits at least, in lower or upper case, perhaps behind `sha256:`.
  package var isDigest: Bool {
    let text = lowercased()
    let digits = text.hasPrefix("sha256:") ? text.dropFirst(7) : text[...]
    return (6...64).contains(digits.utf8.count)
      && digits.utf8.allSatisfy { byte in
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
      }
  }

  /// A config by its name, or any file that is there.
  package var isFile: Bool { isConfigName || access(self, F_OK) == 0 }

  package var isConfigName: Bool { hasSuffix(".yaml") || hasSuffix(".yml") }
}
