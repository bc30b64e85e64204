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
    guard let first,
      first.prefixMatch(of: /[^:\s]+:(\{[A-Za-z0-9.\-]+\}|[$!*]|x:|[^:]*:[0-9]*:[0-9]*:)/) != nil
    else {
      return nil
    }
    self = .accounts
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
