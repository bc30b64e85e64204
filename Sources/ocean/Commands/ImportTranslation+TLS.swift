import OceanPlan

extension ImportTranslation {
  /// The certificates, and how services use them.
  mutating func translateTLS() -> TLS {
    let mode = take("ssl")?.value ?? "yes"
    let (chain, key, passphrase) = (take("ssl_cert"), take("ssl_key"), take("ssl_key_password"))
    let names = takeSections("local_name")
    var tls = TLS()
    tls.profile = profile()
    guard mode != "no" else {
      for setting in [chain, key].compactMap(\.self) {
        findings.addNeedless(setting.line, "certificates: ssl = no")
      }
      return tls
    }
    tls.explicit = mode == "required" ? "required" : "optional"
    if let chain { addCertificate("main", chain, key, passphrase, &tls) }
    for section in names {
      // A section may have other settings, or only those of other protocols.
      let pop3 = section.sections.first { $0.kind == "protocol" && $0.name == "pop3" }
      guard let chain = pop3?["ssl_cert"] ?? section["ssl_cert"] else {
        report(
          .withoutCounterpart, line: section.line, "local_name \(section.name)", "it names no certificate")
        continue
      }
      let name = section.name.split(separator: " ").first.map(String.init) ?? section.name
      addCertificate(
        Self.certificateName(name), chain, pop3?["ssl_key"] ?? section["ssl_key"],
        section["ssl_key_password"],
        &tls)
    }
    if tls.certificates.isEmpty {
      tls.explicit = nil
      report(.open, "ssl_cert", "there is no certificate, so no TLS: add one under certificates")
    }
    return tls
  }

  private mutating func addCertificate(
    _ name: String, _ chain: DovecotConfig.Setting, _ key: DovecotConfig.Setting?,
    _ passphrase: DovecotConfig.Setting?, _ tls: inout TLS
  ) {
    guard !tls.certificates.contains(name) else { return }
    guard let chainPath = chain.file else {
      return report(
        .open, chain,
        "the certificate stands in the config: save it as a file, and name it under certificates",
        showingValue: false)
    }
    tls.certificates.append(name)
    config.add(.certificates, name, nil)
    config.add(.certificates, depth: 2, "chain", ImportedConfig.quoted(chainPath), from: chain.name)
    if let keyPath = key?.file {
      config.add(.certificates, depth: 2, "key", ImportedConfig.quoted(keyPath), from: "ssl_key")
    } else {
      let reason =
        key?.isHidden == true
        ? "its path is hidden: 'doveconf -nP' shows it" : "no file that holds the key is named"
      report(
        .open, line: key?.line ?? chain.line, "ssl_key of \(name)",
        "\(reason). Write it under certificates.\(name)")
    }
    guard let passphrase else { return }
    if let path = passphrase.file {
      config.add(
        .certificates, depth: 2, "passphrase", "{ file: \(ImportedConfig.quoted(path)) }",
        from: passphrase.name)
    } else {
      report(
        .open, passphrase,
        "write the passphrase to a file that only the server's user can read, and name it: passphrase: { file: PATH }",
        showingValue: false)
    }
  }

  private mutating func profile() -> (name: String, origin: String)? {
    guard let lowest = take("ssl_min_protocol") else { return nil }
    switch lowest.value {
    case "TLSv1.3", "LATEST": return ("modern", lowest.name)
    case "TLSv1.2": return ("intermediate", lowest.name)
    default: return ("legacy", lowest.name)
    }
  }

  /// A host name as the name of a certificate.
  private static func certificateName(_ host: String) -> String {
    let letters = host.lowercased().utf8.map { byte in
      (48...57).contains(byte) || (97...122).contains(byte) ? byte : UInt8(ascii: "-")
    }
    let name = letters.drop { $0 == UInt8(ascii: "-") }.prefix(63)
    return name.isEmpty ? "other" : String(decoding: name, as: UTF8.self)
  }
}
