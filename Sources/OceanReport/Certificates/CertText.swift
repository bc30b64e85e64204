import OceanBase
import OceanCompiler
package import OceanSyntax
package import OceanTLS

/// Certificates for people: aligned rows, then what is wrong. All text that is added is made safe to show.
package struct CertText {
  package private(set) var text = ""
  private let screen: Screen

  private init(on screen: Screen) { self.screen = screen }

  private mutating func row(_ label: String, _ value: String, style: Style? = nil) {
    let value = value.escapedForDisplay
    add(
      screen.fitted(
        style.map { screen.paint(value, $0) } ?? value, after: label.padded(to: Self.labelWidth),
        indent: Self.labelWidth))
  }

  private mutating func line(_ line: String = "") { add(screen.fitted(line.escapedForDisplay, indent: 2)) }

  private mutating func add(_ lines: [String]) {
    for line in lines { text += line + "\n" }
  }

  private static let labelWidth = 13

  /// The fingerprint, in equal lines if one is too long.
  private mutating func fingerprint(_ text: String) {
    let room = screen.isTerminal ? screen.width - Self.labelWidth : .max
    // Two digits and a colon for each of 32 octets.
    let octets = [32, 16, 8].first { $0 * 3 <= room } ?? 4
    var rest = text[...]
    var isFirst = true
    while !rest.isEmpty {
      row(isFirst ? "sha256" : "", String(rest.prefix(octets * 3)))
      rest = rest.dropFirst(octets * 3)
      isFirst = false
    }
  }

  private mutating func certificate(_ info: CertificateInfo, at time: Int64) {
    row("subject", info.subject)
    row("names", info.names.map(\.description).joined(separator: ", "))
    row("issuer", info.isSelfSigned ? "itself" : info.issuer)
    row("valid from", Timestamp.text(info.notBefore))
    let isValid = (info.notBefore...max(info.notBefore, info.notAfter)).contains(time)
    row(
      "valid to", "\(Timestamp.text(info.notAfter)), \(Self.remaining(info, at: time))",
      style: isValid ? nil : .error)
    row("key", info.keyType.text)
    row("signature", info.signatureAlgorithm)
    fingerprint(info.fingerprintText)
  }

  /// Adds problems between blank lines; adds nothing if there are no problems.
  private mutating func problems(_ problems: [CertProblem]) {
    guard !problems.isEmpty else { return }
    line()
    for problem in problems {
      let start = screen.paint("\(problem.severity.rawValue):", problem.severity.style) + " "
      add(screen.fitted(problem.message.escapedForDisplay, after: start, indent: 2))
    }
    line()
  }

  /// The text about what `ocean cert new` has made, and what to do with it.
  package static func made(_ base: String, _ info: CertificateInfo, on screen: Screen) -> String {
    let (key, chain) = (base + ".key", base + ".crt")
    var text = CertText(on: screen)
    text.row("key", key)
    text.row("", "\(info.keyType.text); only you may read it")
    text.row("certificate", chain)
    text.row("", "self-signed, until \(Timestamp.text(info.notAfter))")
    text.row("request", base + ".csr")
    text.row("", "for a CA")
    text.row("names", info.names.map(\.description).joined(separator: ", "))
    text.fingerprint(info.fingerprintText)
    text.add(["", screen.paint("In the config:", .heading), "", "  certificates:"])
    let pair = ["chain: \(chain.yamlQuoted)", "key: \(key.yamlQuoted)"]
    let line = "    main: { \(pair.joined(separator: ", ")) }"
    let isWide = !screen.isTerminal || line.columns <= screen.width
    text.add(isWide ? [line] : ["    main:"] + pair.map { "      \($0)" })
    text.line()
    text.line(
      "The user that ocean runs as must be able to read the key: chgrp and chmod 640, if that is not you.")
    text.line(
      "Clients warn about a certificate that no CA signed; compare the fingerprint before trusting it.")
    text.line("For one that clients trust, send the request to a CA. Its answer replaces the certificate:")
    text.line()
    text.add(
      screen.command(
        "ocean cert import ANSWER --key \(key.shellQuoted) --out \(chain.shellQuoted) --force", after: "  ",
        indent: 2))
    return text.text
  }

  /// The output of `ocean cert show`.
  package static func shown(
    _ subject: CertSubject, _ presented: ServerConnection?, _ problems: [CertProblem], on screen: Screen
  ) -> String {
    var text = CertText(on: screen)
    if let presented {
      text.row("server", "\(subject.source)")
      text.row("name asked", presented.serverName ?? "none (SNI takes no address)")
      text.row("protocol", presented.version)
      text.row("cipher", presented.cipher)
    } else {
      text.row("file", subject.source)
    }
    for (index, info) in subject.file.certificates.enumerated() {
      text.line()
      if subject.file.certificates.count > 1 {
        text.add([screen.paint("certificate \(index + 1)", .heading)])
      }
      text.certificate(info, at: subject.time)
    }
    text.problems(problems)
    if problems.isEmpty { text.line() }
    let counts = [(Severity.error, "error"), (.warning, "warning")].map { severity, noun in
      counted(problems.count { $0.severity == severity }, noun)
    }
    let count = counted(subject.file.certificates.count, "certificate")
    let key = subject.key.map { key in
      subject.file.identity == nil ? "; \(key.path) is not its key" : "; \(key.path) is its key"
    }
    text.line("\(count)\(key ?? ""): \(counts.joined(separator: ", "))")
    return text.text
  }

  /// The text about what `ocean cert import` has done.
  package static func imported(
    _ result: CertSubject, _ given: CertificateFile, _ problems: [CertProblem], to out: String,
    on screen: Screen
  ) -> String {
    let sent = result.file.certificates
    var seen = Set(sent.map(\.sha256Fingerprint))
    let rest = given.certificates.filter { seen.insert($0.sha256Fingerprint).inserted }
    var text = CertText(on: screen)
    for (index, info) in sent.enumerated() {
      text.row(index == 0 ? "chain" : "", "\(info.subject), \(CertText.remaining(info, at: result.time))")
    }
    text.row("names", sent.first?.names.map(\.description).joined(separator: ", ") ?? "")
    text.fingerprint(sent.first?.fingerprintText ?? "")
    for (index, info) in rest.enumerated() {
      let isRoot = info.isSelfSigned && given.path.contains { $0.info == info }
      let why = isRoot ? "the root: clients have it" : "not an issuer of this certificate"
      text.row(index == 0 ? "left out" : "", "\(info.subject) (\(why))")
    }
    text.problems(problems)
    text.line("Written to \(out).")
    return text.text
  }

  static func remaining(_ info: CertificateInfo, at time: Int64) -> String {
    if time > info.notAfter { return "expired \(wholeDays(time - info.notAfter)) ago" }
    if time < info.notBefore {
      return "not valid for another \(wholeDays(info.notBefore - time))"
    }
    return "\(wholeDays(info.notAfter - time)) left"
  }
}

extension CertificateInfo {
  /// The fingerprint as mail clients show it: pairs of upper-case digits with colons between them.
  var fingerprintText: String {
    var text = ""
    for (index, digit) in sha256Fingerprint.uppercased().enumerated() {
      if index > 0, index % 2 == 0 { text += ":" }
      text.append(digit)
    }
    return text
  }
}
