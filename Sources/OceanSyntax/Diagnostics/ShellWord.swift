import OceanBase

extension String {
  /// Whether a shell, and YAML, read this text as one word without quotes.
  package var isPlainWord: Bool {
    !isEmpty
      && utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
          || "/._-".utf8.contains($0)
      }
  }

  /// This text as a word of a POSIX shell. What a terminal would act on is written as bash, ksh and zsh read it:
  /// `$'a\x1bb'`.
  package var shellQuoted: String {
    if isPlainWord { return self }
    guard unicodeScalars.contains(where: \.isUnsafeToShow) else {
      return "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
    let digits = Array("0123456789abcdef")
    let text = unicodeScalars.reduce(into: "") { text, scalar in
      if scalar.isUnsafeToShow {
        for octet in String(scalar).utf8 {
          text += "\\x\(digits[Int(octet >> 4)])\(digits[Int(octet & 15)])"
        }
      } else {
        text += scalar == "'" || scalar == "\\" ? "\\\(scalar)" : String(scalar)
      }
    }
    return "$'\(text)'"
  }

  /// This text as a scalar of YAML, in quotes unless every reader takes it as it stands.
  package var yamlQuoted: String {
    let isPlain =
      isPlainWord && !hasPrefix("-") && !hasPrefix(".") && !Self.wordsOfYAML.contains(lowercased())
    return isPlain ? self : jsonQuoted
  }

  /// The words that YAML 1.1 or 1.2 readers take for something other than a text.
  private static let wordsOfYAML: Set = ["true", "false", "null", "yes", "no", "on", "off"]
}
