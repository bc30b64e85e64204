/// The wire form of a message (RFC 1939 §3), made the slow and obvious way.
enum Oracle {
  /// The message with every line end as CRLF, which LIST counts.
  static func normalised(_ message: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    for octet in message {
      if octet == 10, result.last != 13 { result.append(13) }
      result.append(octet)
    }
    switch result.last {
    case nil, 10: break
    case 13: result.append(10)
    default: result += [13, 10]
    }
    return result
  }

  /// The reply to RETR (`bodyLines` nil) or TOP after its first line, including the terminator.
  static func encoded(_ message: [UInt8], bodyLines: Int? = nil) -> [UInt8] {
    var lines: [[UInt8]] = []
    var line: [UInt8] = []
    for octet in normalised(message) {
      line.append(octet)
      if octet == 10 {
        lines.append(line)
        line = []
      }
    }
    if let bodyLines, let blank = lines.firstIndex(of: [13, 10]) {
      lines = Array(lines.prefix(blank + 1 + bodyLines))
    }
    return lines.flatMap { $0.first == 46 ? [46] + $0 : $0 } + [46, 13, 10]
  }
}
