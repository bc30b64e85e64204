import OceanPlan

/// The kind of a file that is not what the config takes it for, told by its form. Nothing of such a file is
/// shown, because it may be a key or hold passwords.
enum FileKind: Equatable {
  case privateKey, certificate, accounts, savedPlan

  /// Nil if the bytes have another form.
  init?(_ bytes: [UInt8]) {
    let start = String(decoding: bytes.prefix(16 * 1024), as: UTF8.self)
    if let begin = start.firstRange(of: "-----BEGIN ") {
      let label = start[begin.upperBound...].prefix { $0 != "\n" && $0 != "\r" }
      if label.contains("PRIVATE KEY-----") {
        self = .privateKey
        return
      }
      if label.contains("CERTIFICATE") {
        self = .certificate
        return
      }
    }
    if PlanFile.isPlausible(bytes) {
      self = .savedPlan
      return
    }
    let first = start.split(whereSeparator: \.isNewline).lazy
      .map { $0.drop { $0 == " " || $0 == "\t" || $0 == "\u{feff}" } }
      .first { !$0.isEmpty && !$0.hasPrefix("#") }
    guard let first, Self.isAccount(first) else { return nil }
    self = .accounts
  }

  /// Whether a line looks like one of a passwd-file, and not like a key of a config with its value.
  private static func isAccount(_ line: Substring) -> Bool {
    let fields = line.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false)
    guard fields.count > 1, !fields[0].isEmpty, !fields[0].contains(where: \.isWhitespace) else {
      return false
    }
    let password = fields[1]
    if let mark = password.first, "$!*".contains(mark) { return true }
    if password.first == "{", let end = password.firstIndex(of: "}") {
      let scheme = password[..<end].dropFirst()
      return !scheme.isEmpty
        && scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || ".-".contains($0)) }
    }
    if fields.count > 2, password == "x" { return true }
    func isNumber(_ field: Substring) -> Bool { field.allSatisfy { $0.isASCII && $0.isNumber } }
    return fields.count > 4 && isNumber(fields[2]) && isNumber(fields[3])
  }

  var words: String {
    switch self {
    case .privateKey: "a private key"
    case .certificate: "a certificate"
    case .accounts: "a file of accounts"
    case .savedPlan: "a saved plan"
    }
  }

  /// Advice about such a file.
  var help: String {
    switch self {
    case .privateKey: "name it in the config: certificates: { main: { chain: …, key: PATH } }"
    case .certificate: "name it in the config: certificates: { main: { chain: PATH, key: … } }"
    case .accounts: "name it in the config: accounts: { main: { passwd_file: PATH } }"
    case .savedPlan: "a plan is sound already; 'ocean diff', 'explain', 'replay', 'apply' and 'serve' take it"
    }
  }
}
