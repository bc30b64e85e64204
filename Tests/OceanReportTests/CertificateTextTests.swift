import Foundation
import OceanHost
import OceanSyntax
import OceanTLS
import Testing
@testable import OceanReport

@Suite struct CertificateTextTests {
  /// The certificate of a server, and that of its issuer, which no host knows. Their names are in several scripts.
  private static let chain = Array(
    (try? Data(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "Certificates/chain.pem")))
      ?? Data())
  /// 2026-11-30T20:00:00Z.
  private static let now: Int64 = 1_796_068_800

  private func subject(_ source: String, at time: Int64 = now, name: String? = nil) -> CertSubject {
    CertSubject(
      source: source, file: CertificateFile(chain: Self.chain, key: nil), key: nil,
      name: name.flatMap { CertificateName(hostName: $0) }, time: time)
  }

  private let whole = [
    "CN=mail.example.org", "a-rather-long-name-of-a-mail-host.department.example.org",
    "2001:db8:1234:5678:9abc:def0:1234:5678", "*.customers.hosting.example.net",
  ]

  @Test func `a chain in a file`() throws {
    let subject = subject("/etc/letsencrypt/live/mail.example.org/fullchain.pem")
    try expectScreens("cert-file", whole: whole + ["株式会社", "東京"]) {
      CertText.shown(subject, nil, subject.problems, on: $0)
    }
  }

  @Test func `what a server presents, long after its end`() throws {
    let subject = subject("mail.example.com:995", at: Self.now + 400 * 86_400, name: "mail.example.com")
    let connection = ServerConnection(
      serverName: "mail.example.com", version: "TLS 1.0", cipher: "ECDHE-ECDSA-AES256-SHA", isOutdated: true)
    try expectScreens("cert-server", whole: whole) {
      CertText.shown(subject, connection, subject.problems + connection.problems, on: $0)
    }
  }

  @Test func `a chain that was imported`() throws {
    let subject = subject("/etc/ocean/tls/mail.example.org.crt")
    try expectScreens("cert-import", whole: whole) {
      CertText.imported(subject, subject.file, subject.problems, to: subject.source, on: $0)
    }
  }

  @Test func `a certificate that was made`() throws {
    let info = try #require(subject("x").file.certificates.first)
    try expectScreens("cert-new", whole: ["/etc/ocean/tls/mail.example.org.csr"]) {
      CertText.made("/etc/ocean/tls/mail.example.org", info, on: $0)
    }
  }

  @Test func `distances are in whole days`() {
    #expect(wholeDays(86_399) == "less than a day")
    #expect(wholeDays(86_400) == "1 day")
    #expect(wholeDays(30 * 86_400 + 5) == "30 days")
  }
}
