import OceanPlan
import OceanSyntax

extension Translation {
  /// The TLS of a POP3 service, without its listeners.
  struct TLS {
    /// Whether Dovecot offers TLS at all.
    var isOn = true
    /// Whether a login needs TLS.
    var isRequired = false
    /// Names under `certificates`, the one for Dovecot's default first.
    var certificates: [String] = []
    var profile: (name: String, origin: String)?
    fileprivate var files: [[String?]: String] = [:]
  }

  /// The settings that name one certificate in a section.
  private struct Given {
    let chain: DovecotConfig.Setting
    let key: DovecotConfig.Setting?
    let passphrase: DovecotConfig.Setting?
  }

  /// Translates the certificates, and how services use them.
  mutating func translateTLS() -> TLS {
    let mode = take("ssl")?.value ?? "yes"
    var tls = TLS()
    tls.profile = profile()
    tls.isOn = mode != "no"
    tls.isRequired = mode == "required"
    if !["no", "yes", "required"].contains(mode) {
      report(.open, line: 0, "ssl = \(mode)", "neither yes, no nor required: taken as yes")
    }
    // The first certificate takes the passphrase, which is for both.
    let fallback = takeCertificate(of: base, "ssl_")
    let alternative = takeCertificate(of: base, "ssl_alt_", passphraseOf: fallback)
    guard tls.isOn else {
      dropCertificates()
      for setting in [fallback, alternative].compactMap(\.self).flatMap({
        [$0.chain, $0.key].compactMap(\.self)
      }) {
        findings.addNeedless([setting.line], "certificates: ssl = no")
      }
      return tls
    }
    if let fallback { add(fallback, "main", to: &tls) }
    if let alternative { add(alternative, "main-alt", to: &tls) }
    translateNames(fallback, &tls)
    if tls.certificates.isEmpty {
      report(
        .open, "ssl_cert",
        tls.isRequired
          ? "logins need TLS, and there is no certificate: add one under certificates. Until then the config is not valid, "
            + "so that nobody logs in without"
          : "there is no certificate, so no TLS: add one under certificates")
    }
    return tls
  }

  private func takeCertificate(
    of section: DovecotConfig.Section, _ prefix: String, passphraseOf other: Given? = nil,
    keyOf fallback: Given? = nil
  ) -> Given? {
    let key = section.take("\(prefix)key")
    let passphrase = section.take("ssl_key_password")
    guard let chain = section.take("\(prefix)cert") else {
      // They are reported as settings without effect.
      for setting in [key, passphrase].compactMap(\.self) { section.add(setting) }
      return nil
    }
    return Given(
      chain: chain, key: key ?? fallback?.key,
      passphrase: passphrase ?? other?.passphrase ?? fallback?.passphrase)
  }

  /// Translates the certificates for clients that name a host. Other settings for these clients are reported
  /// with the rest.
  private mutating func translateNames(_ fallback: Given?, _ tls: inout TLS) {
    var unchecked: [(name: String, line: Int)] = []
    for filter in filters where filter.local == nil && filter.remote == nil {
      guard let title = filter.localName else { continue }
      let names = title.split(separator: " ").map(String.init)
      let given = takeCertificate(of: filter.section, "ssl_", keyOf: fallback)
      let alternative = takeCertificate(of: filter.section, "ssl_alt_", passphraseOf: given)
      guard let given else { continue }
      let wanted = Self.certificateName(names.first ?? title)
      add(given, wanted, to: &tls)
      if let alternative { add(alternative, "\(wanted)-alt", to: &tls) }
      guard let path = given.chain.file.map({ located($0).path }) else { continue }
      for name in names {
        // One host below the domain stands for all of them.
        let example = name.hasPrefix("*.") ? "any" + name.dropFirst() : name
        switch host.isCertificate(path, example) {
        case true?: continue
        case nil: unchecked.append((name, given.chain.line))
        case false?:
          report(
            .different, line: given.chain.line, "local_name \(name)",
            "\(path) is not for that name: clients that name it get the first certificate instead")
        }
      }
    }
    guard let first = unchecked.first else { return }
    report(
      .different, line: first.line, "local_name \(first.name)\(unchecked.count > 1 ? " and others" : "")",
      "ocean presents a certificate to clients that name a host which is in it, whatever local_name says; "
        + "whether these "
        + "are could not be read here. 'ocean cert show FILE' tells the names")
  }

  private mutating func dropCertificates() {
    for filter in filters where filter.local == nil && filter.remote == nil && filter.localName != nil {
      for prefix in ["ssl_", "ssl_alt_"] {
        guard let given = takeCertificate(of: filter.section, prefix) else { continue }
        findings.addNeedless(
          [given.chain, given.key].compactMap { $0?.line }, "certificates: ssl = no")
      }
    }
  }

  /// Files that several names share are one certificate.
  private mutating func add(_ given: Given, _ wanted: String, to tls: inout TLS) {
    guard let file = given.chain.file else {
      return report(
        .open, given.chain,
        "the certificate is in the config itself: save it as a file, and name it under certificates",
        showingValue: false)
    }
    let chain = located(file)
    let key = given.key?.file.map(located)
    let identity = [chain.path, key?.path, given.passphrase?.value]
    guard tls.files[identity] == nil else { return }
    let name = Self.unused(wanted, tls.certificates)
    tls.files[identity] = name
    tls.certificates.append(name)
    config.add(.certificates, name, nil)
    config.add(.certificates, depth: 2, "chain", chain.path.yamlQuoted, from: given.chain.written.name)
    reportUncertain(chain, given.chain)
    if let key {
      config.add(.certificates, depth: 2, "key", key.path.yamlQuoted, from: given.key?.written.name)
      if let setting = given.key { reportUncertain(key, setting) }
    } else {
      let reason =
        given.key?.isHidden == true
        ? "its path is hidden: 'doveconf -nP' shows it" : "no file that holds the key is named"
      report(
        .open, line: given.key?.line ?? given.chain.line, "key of \(name)",
        "\(reason). Write it under certificates.\(name)")
    }
    addPassphrase(given.passphrase)
  }

  private mutating func addPassphrase(_ passphrase: DovecotConfig.Setting?) {
    guard let passphrase else { return }
    if let file = passphrase.file {
      let place = located(file)
      config.add(
        .certificates, depth: 2, "passphrase", "{ file: \(place.path.yamlQuoted) }",
        from: passphrase.written.name)
      reportUncertain(place, passphrase)
    } else {
      report(
        .open, passphrase,
        "write the passphrase to a file that only the server's user can read, and name it: passphrase: { "
          + "file: PATH }",
        showingValue: false)
    }
  }

  private mutating func reportUncertain(
    _ place: (path: String, isCertain: Bool), _ setting: DovecotConfig.Setting
  ) {
    guard !place.isCertain else { return }
    report(
      .open, setting,
      "Dovecot looks for it beside the file that has this line, which doveconf does not tell: whether it is "
        + "\(place.path), or "
        + "in conf.d, write the whole path under certificates")
  }

  private func profile() -> (name: String, origin: String)? {
    guard let lowest = take("ssl_min_protocol") else { return nil }
    switch lowest.value {
    case "TLSv1.3", "LATEST": return ("modern", lowest.written.name)
    case "TLSv1.2": return ("intermediate", lowest.written.name)
    default: return ("legacy", lowest.written.name)
    }
  }

  /// A host name as the name of a certificate; for `*.example.org` it begins with `any-`.
  private static func certificateName(_ host: String) -> String {
    let text = host.hasPrefix("*.") ? "any-" + host.dropFirst(2) : host
    let letters = text.lowercased().utf8.map { byte in
      (48...57).contains(byte) || (97...122).contains(byte) ? byte : UInt8(ascii: "-")
    }
    let name = letters.drop { $0 == UInt8(ascii: "-") }.prefix(63)
    return name.isEmpty ? "other" : String(decoding: name, as: UTF8.self)
  }

  private static func unused(_ wanted: String, _ names: [String]) -> String {
    guard names.contains(wanted) else { return wanted }
    let number = (2...).first { !names.contains("\(wanted)-\($0)") } ?? names.count
    return "\(wanted)-\(number)"
  }
}
