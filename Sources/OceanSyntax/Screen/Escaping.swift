import OceanBase

extension Unicode.Scalar {
  /// This character in printable form: itself, or an escape sequence of Swift.
  var shown: String {
    guard isUnsafeToShow else { return String(self) }
    switch self {
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    default: return "\\u{" + hexadecimal(value, digits: 2) + "}"
    }
  }
}

extension String {
  /// This text on one line that no terminal acts on. Everything that came from a file or the network is shown
  /// like this.
  package var escapedForDisplay: String {
    guard unicodeScalars.contains(where: \.isUnsafeToShow) else { return self }
    return unicodeScalars.reduce(into: "") { $0 += $1.shown }
  }

  /// The lines of a text, each in a form that no terminal acts on.
  package var escapedLines: String {
    split(separator: "\n", omittingEmptySubsequences: false)
      .map { String($0).escapedForDisplay }.joined(separator: "\n")
  }
}
