import OceanHost
import OceanPlan
import OceanSyntax

/// The question about the certificate.
extension Interview {
  /// - Parameter hostname: the name that clients ask for.
  func decideCertificate(_ hostname: String) throws(Refusal) -> Choices.Certificate? {
    let found = host.certificates.sorted { rank($0, hostname) < rank($1, hostname) }
    if given.certificate == nil {
      say("\nCertificate:")
      for (index, certificate) in found.enumerated() {
        say("  \(index + 1)  \(words(for: certificate, hostname))")
      }
      say("  self-signed  made now; clients ask before they trust it")
      say("  none  only clients on this host are served")
      say("or the path of a chain, and that of its key.")
    }
    let isUsable = found.first.map { rank($0, hostname) == 0 } ?? false
    if given.key != nil, given.certificate.map({ ["none", "self-signed"].contains($0) }) ?? true {
      throw .usage("--key is the key of a chain, which --certificate FILE names")
    }
    return try decide(
      "Certificate", flag: "--certificate self-signed", given: given.certificate,
      proposals: [isUsable ? "1" : nil, "self-signed"]
    ) { text throws(Flaw) in
      switch text {
      case "none": return .missing
      case "self-signed":
        if let obstacle = obstacle(toMaking: hostname) { throw Flaw(obstacle) }
        return .selfSigned
      default:
        let pair: CertificatePair
        if let number = Int(text) {
          guard number > 0, number <= found.count else {
            throw Flaw("there is no certificate \(number)")
          }
          pair = found[number - 1].pair
        } else {
          pair = try self.pair(text)
        }
        try check { $0.certificate = .pair(pair) }
        if let flaw = host.flawOfCertificate(pair) { throw Flaw(flaw.escapedForDisplay) }
        return .pair(pair)
      }
    }
  }

  /// 0 for a certificate that clients of `hostname` accept now, more for others.
  private func rank(_ certificate: InitHost.FoundCertificate, _ hostname: String) -> Int {
    (certificate.isFor(hostname) ? 0 : 1) + (certificate.notAfter.map { $0 < host.now } ?? false ? 2 : 0)
  }

  private func words(for certificate: InitHost.FoundCertificate, _ hostname: String) -> String {
    var text = certificate.pair.chain.escapedForDisplay
    guard let end = certificate.notAfter else { return "\(text), not readable by this user" }
    if end < host.now { text += ", EXPIRED" }
    if !certificate.isFor(hostname) {
      text += ", not for \(hostname.escapedForDisplay)"
    }
    return text
  }

  /// The reason why no certificate can be made; nil if it can.
  private func obstacle(toMaking hostname: String) -> String? {
    let base = "\(folder)/tls/\(hostname)"
    return Choices.selfSignedEndings.map { base + $0 }.first(where: host.exists).map {
      "\($0.escapedForDisplay) is there already, and is not replaced; give the path of its chain to use it"
    }
  }

  /// The files that an answer means: a directory of an ACME client, or a chain and its key.
  private func pair(_ text: String) throws(Flaw) -> CertificatePair {
    // A path with spaces can be given on the command line.
    let words = given.certificate != nil ? [text] : text.split(separator: " ").map(String.init)
    guard let first = words.first, words.count <= 2 else {
      throw Flaw("a number, self-signed, none, or the path of a chain and that of its key")
    }
    let chain = Files.absolute(first)
    if let key = words.dropFirst().first ?? given.key {
      return CertificatePair(chain: chain, key: Files.absolute(key))
    }
    if host.exists("\(chain)/fullchain.pem") {
      return CertificatePair(chain: "\(chain)/fullchain.pem", key: "\(chain)/privkey.pem")
    }
    guard host.exists(chain) else { throw Flaw("there is no file \(chain.escapedForDisplay)") }
    let stem = chain.lastIndex(of: ".").map { String(chain[..<$0]) } ?? chain
    let keys = ["\(stem).key", "\(Files.directory(of: chain))/privkey.pem"]
    guard let key = keys.first(where: host.exists) else {
      throw Flaw(
        given.certificate == nil
          ? "name its key behind it: \(chain.escapedForDisplay) KEY" : "name its key with --key FILE")
    }
    return CertificatePair(chain: chain, key: key)
  }
}

extension InitHost.FoundCertificate {
  /// Whether a client that asks for `hostname` accepts it. `*` stands for one label.
  func isFor(_ hostname: String) -> Bool {
    let parent = hostname.drop { $0 != "." }
    return names.contains { $0 == hostname || $0.hasPrefix("*.") && $0.dropFirst() == parent }
  }
}
