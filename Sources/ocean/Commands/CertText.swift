import OceanCompiler
import OceanSyntax
import OceanTLS

/// Certificates for people: aligned rows, then what is wrong. All that is added is made safe to show.
struct CertText {
  private(set) var text = ""

  mutating func row(_ label: String, _ value: String) {
    line("\(label.padded(to: 12)) \(value)")
  }

  mutating func line(_ line: String = "") {
    text += line.escapedForDisplay + "\n"
  }

  mutating func certificate(_ info: CertificateInfo, at time: CertTime) {
    row("subject", info.subject)
    row("names", info.names.map(\.description).joined(separator: ", "))
    row("issuer", info.isSelfSigned ? "itself" : info.issuer)
    row("valid from", "\(CertTime(seconds: info.notBefore))")
    row("valid to", "\(CertTime(seconds: info.notAfter)), \(Self.remaining(info, at: time))")
    row("key", info.keyType.text)
    row("signature", info.signatureAlgorithm)
    row("sha256", info.fingerprintText)
  }

  /// Between blank lines; nothing if there is no problem.
  mutating func problems(_ problems: [CertProblem]) {
    guard !problems.isEmpty else { return }
    line()
    for problem in problems { line("\(problem.severity.rawValue): \(problem.message)") }
    line()
  }

  static func remaining(_ info: CertificateInfo, at time: CertTime) -> String {
    if time.seconds > info.notAfter { return "expired \(wholeDays(time.seconds - info.notAfter)) ago" }
    if time.seconds < info.notBefore {
      return "not valid for another \(wholeDays(info.notBefore - time.seconds))"
    }
    return "\(wholeDays(info.notAfter - time.seconds)) left"
  }
}
