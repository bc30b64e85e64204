import OceanAddresses
import OceanBase
import OceanHost
import OceanInit

/// A host in memory, and a person who answers its questions.
final class FakeHost {
  var host: InitHost
  var given = GivenAnswers()
  /// The answers in their order; the input ends behind the last.
  var answers: [String] = []
  var password: SecretBytes? = SecretBytes(copying: Array("Correct-Horse-7351".utf8))
  /// All that was shown, questions included.
  private(set) var screen = ""

  init(name: String = "mail.example.org", files: Set<String> = []) {
    host = InitHost(
      name: name, addresses: [IPAddress(v4: 0xc000_020a)], now: 1_800_000_000,
      exists: { files.contains($0) || ["/", "/etc", "/etc/ocean"].contains($0) },
      flawOfAccounts: { $0.contains("bad") ? "\($0) is not a passwd-file" : nil },
      flawOfCertificate: { $0.chain.contains("bad") ? "\($0.chain) is empty" : nil })
  }

  func certificate(_ name: String, for names: [String], notAfter: Int64? = 1_900_000_000) {
    let folder = "/etc/letsencrypt/live/\(name)"
    host.certificates.append(
      .init(
        CertificatePair(chain: "\(folder)/fullchain.pem", key: "\(folder)/privkey.pem"), names: names,
        notAfter: notAfter))
  }

  /// Asks the person.
  func asked(_ answers: String...) throws(Refusal) -> Choices { try asked(list: answers) }

  func asked(list answers: [String]) throws(Refusal) -> Choices {
    self.answers = answers
    return try choices(
      Conversation(
        say: { self.screen += $0 + "\n" },
        ask: { question in
          self.screen += question
          return self.answers.isEmpty ? nil : self.answers.removeFirst()
        }))
  }

  /// Asks nobody.
  func decided() throws(Refusal) -> Choices { try choices(nil) }

  private func choices(_ conversation: Conversation?) throws(Refusal) -> Choices {
    try Interview.choices(
      for: "/etc/ocean/ocean.yaml", host, given, conversation, newPassword: { self.password })
  }
}

extension Choices {
  static let usual = Choices(
    hostname: "mail.example.org", domains: ["example.org"],
    maildir: "/var/mail/vhosts/{domain}/{user}/Maildir",
    user: "vmail", passwdFile: "/etc/ocean/users.passwd", certificate: .selfSigned, addresses: .all)

  /// The text of the config in /etc/ocean.
  var yaml: String { FirstConfig(self, in: "/etc/ocean").text }
}
