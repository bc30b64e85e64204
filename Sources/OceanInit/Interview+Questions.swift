import OceanAccess
import OceanAddresses
import OceanHost
import OceanSyntax

/// The questions about names, mail, accounts and addresses.
extension Interview {
  /// Choices that the compiler takes, of which one at a time is replaced by an answer.
  private var sample: Choices {
    Choices(
      hostname: "mail.example.org", domains: ["example.org"],
      maildir: "/var/mail/vhosts/{domain}/{user}/Maildir",
      user: "vmail", passwdFile: "\(folder)/users.passwd", certificate: .missing, addresses: .loopback)
  }

  /// Throws what the compiler says about an answer.
  func check(_ change: (inout Choices) -> Void) throws(Flaw) {
    var choices = sample
    change(&choices)
    if let flaw = FirstConfig(choices, in: folder).flaw { throw Flaw(flaw) }
  }

  private func hostName(_ text: String) throws(Flaw) -> String {
    try check { $0.hostname = text }
    guard text.contains("."), !text.hasSuffix(".") else {
      throw Flaw("'\(text.escapedForDisplay)' has no domain; a whole name is like mail.example.org")
    }
    return text.lowercased()
  }

  func decideHostname() throws(Refusal) -> String? {
    let names = host.certificates.flatMap(\.names).reduce(into: [String]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    if given.hostname == nil, !names.isEmpty {
      say(
        "\nCertificates on this host are for \(names.prefix(6).map(\.escapedForDisplay).joined(separator: ", "))"
          + (names.count > 6 ? " and \(names.count - 6) more." : "."))
    }
    let certified = names.filter { !$0.hasPrefix("*") && (try? hostName($0)) != nil }
    let isCertified = host.certificates.contains { $0.isFor(host.name) }
    let mailNames = ["mail.", "mx.", "pop.", "pop3."]
    let own = host.name.contains(".") && host.name != "localhost.localdomain" ? host.name : nil
    let usual = certified.first { name in mailNames.contains { name.hasPrefix($0) } }
    return try decide(
      "Name of this host for clients", flag: "--hostname mail.example.org", given: given.hostname,
      proposals: isCertified ? [own] : [usual, own, certified.first]
    ) { text throws(Flaw) in try hostName(text) }
  }

  private func check(domain: String) throws(Flaw) { try check { $0.domains = [domain] } }

  func decideDomains(_ hostname: String?) throws(Refusal) -> [String]? {
    // The domain of mail.example.org is example.org; that of example.org is itself.
    let parent = hostname.map { name in
      let labels = name.split(separator: ".")
      return labels.count > 2 ? labels.dropFirst().joined(separator: ".") : name
    }
    let likely = [parent, host.mailName].compactMap(\.self)
    var found = host.mail?.domains ?? []
    if let first = likely.first(where: found.contains) { found = [first] + found.filter { $0 != first } }
    // Only the first of them is in the config.
    let shown = found.lazy.filter { (try? self.check(domain: $0)) != nil }.prefix(4)
    if found.count > 4, given.domains == nil { say("\nMail is here for \(found.count) domains.") }
    return try decide(
      "Mail domains, first that of a login without one", flag: "--domains example.org", given: given.domains,
      proposals: shown.isEmpty ? likely : [shown.joined(separator: ", ")]
    ) { text throws(Flaw) in
      var domains: [String] = []
      for part in text.split(whereSeparator: { $0 == "," || $0 == " " || $0 == ";" }).map(String.init) {
        try check(domain: part)
        let domain = part.lowercased()
        if !domains.contains(domain) { domains.append(domain) }
      }
      guard !domains.isEmpty else { throw Flaw("name a domain, like example.org") }
      return domains
    }
  }

  func decideMaildir() throws(Refusal) -> String? {
    if given.maildir == nil, let mail = host.mail, let account = mail.account {
      say("\nMaildirs are here, such as that of \(account.escapedForDisplay).")
    }
    return try decide(
      "Maildirs", flag: "--maildir '/var/mail/vhosts/{domain}/{user}/Maildir'", given: given.maildir,
      proposals: [host.mail?.template, sample.maildir]
    ) { text throws(Flaw) in
      try check { $0.maildir = text }
      guard text.hasPrefix("/") || text.hasPrefix("{home}") else {
        throw Flaw("a Maildir is a whole path, like \(sample.maildir), or begins with {home}")
      }
      return text
    }
  }

  func decideUser() throws(Refusal) -> String? {
    try decide(
      "User that owns the mail", flag: "--user vmail", given: given.user,
      proposals: [host.mail?.owner, "vmail"]
    ) { text throws(Flaw) in
      guard text != "root" else {
        throw Flaw("the server must not stay root: name the user that owns the mail")
      }
      guard text.isUserName else {
        throw Flaw("'\(text.escapedForDisplay)' is not the name of a user; it is like vmail")
      }
      try check { $0.user = text }
      return text
    }
  }

  /// - Parameter domain: that of the first account.
  func decideAccounts(_ domain: String) throws(Refusal) -> (file: String?, account: Choices.Account?) {
    let file = try decide(
      "Accounts (a passwd-file)", flag: "--passwd-file FILE", given: given.passwdFile,
      proposals: host.passwdFiles + [sample.passwdFile]
    ) { text throws(Flaw) in
      let path = Files.absolute(text)
      try check { $0.passwdFile = path }
      guard path != self.path else { throw Flaw("\(path.escapedForDisplay) will be the config") }
      if host.exists(path) {
        if let flaw = host.flawOfAccounts(path) { throw Flaw(flaw) }
      } else if !host.exists(Files.directory(of: path)), Files.directory(of: path) != folder {
        throw Flaw("there is no directory \(Files.directory(of: path).escapedForDisplay)")
      }
      return path
    }
    guard let file else { return (nil, nil) }
    if host.exists(file) {
      guard given.account == nil else {
        throw .usage("--account is for a new passwd-file, and \(file.escapedForDisplay) is there already")
      }
      return (file, nil)
    }
    if asksNobody, given.account == nil { return (file, nil) }
    say("\nThat file will be made, with a first account.")
    let name = try decide(
      "First account, or none", flag: "--account anna@example.org", given: given.account,
      proposals: [host.mail?.account, "postmaster@\(domain)"]
    ) { text throws(Flaw) -> String? in
      if text == "none" { return nil }
      if let flaw = NewAccount.flaw(of: text) { throw Flaw(flaw) }
      return text
    }
    guard let name = name.flatMap(\.self) else { return (file, nil) }
    return (file, try account(name))
  }

  private static let needsCertificate = Flaw(
    "passwords of other hosts need TLS, and so a certificate: loopback is what is left")

  /// - Parameter certificate: without one only this host can be served.
  func decideAddresses(_ certificate: Choices.Certificate?) throws(Refusal) -> Choices.Addresses? {
    guard let certificate else { return .loopback }
    if certificate == .missing, given.addresses == nil {
      say("\nWithout a certificate only clients on this host are served: addresses are loopback.")
      return .loopback
    }
    if given.addresses == nil, !host.addresses.isEmpty {
      say("\nThis host has \(host.addresses.prefix(8).map(\.description).joined(separator: ", ")).")
    }
    return try decide(
      "Addresses to listen on: all, loopback or a list", flag: "--bind all", given: given.addresses,
      proposals: ["all"]
    ) { text throws(Flaw) in
      switch text {
      case "all", "loopback":
        guard text == "loopback" || certificate != .missing else { throw Self.needsCertificate }
        return text == "all" ? .all : .loopback
      default:
        let list = text.split(whereSeparator: { $0 == "," || $0 == " " || $0 == ";" }).map(String.init)
        try check { $0.addresses = .list(list) }
        // The name of an interface, say: a host name that a listener can have is in a domain.
        let strange = list.first {
          (try? IPAddress(parsing: $0)) == nil && !$0.contains(".") && $0 != "localhost"
        }
        if let strange { throw Flaw("'\(strange.escapedForDisplay)' is not an address of this host") }
        let isForOthers = list.contains {
          (try? IPAddress(parsing: $0))?.isLoopback != true && $0 != "localhost"
        }
        guard certificate != .missing || !isForOthers else { throw Self.needsCertificate }
        return .list(list)
      }
    }
  }
}

extension String {
  /// Whether useradd(8) takes this as a name.
  fileprivate var isUserName: Bool {
    guard let first = utf8.first, utf8.count <= 32 else { return false }
    let isStart = (0x61...0x7a).contains(first) || (0x41...0x5a).contains(first) || first == UInt8(ascii: "_")
    return isStart && isPlainWord && !utf8.contains(UInt8(ascii: "/"))
  }
}
