package import OceanBase
import OceanPlan

/// Everything that a first config says.
package struct Choices {
  package enum Certificate: Equatable {
    case pair(CertificatePair)
    /// One that is made together with the config.
    case selfSigned
    /// None yet, so that only clients on this host can be served.
    case missing
  }

  /// The addresses that the server listens on.
  package enum Addresses: Equatable {
    case all
    case loopback
    case list([String])
  }

  package struct Account: Equatable {
    package var name: String
    /// Its line for a passwd-file, without its end.
    package var line: SecretBytes
  }

  package var hostname: String
  /// The first is the domain of logins without one.
  package var domains: [String]
  package var maildir: String
  package var user: String
  /// The path of the passwd-file, absolute.
  package var passwdFile: String
  /// The first account of a passwd-file that is not there yet; nil if the file is there, or is made later.
  package var account: Account?
  package var certificate: Certificate
  package var addresses: Addresses

  package init(
    hostname: String, domains: [String], maildir: String, user: String, passwdFile: String,
    account: Account? = nil, certificate: Certificate, addresses: Addresses
  ) {
    (self.hostname, self.domains) = (hostname, domains)
    (self.maildir, self.user) = (maildir, user)
    (self.passwdFile, self.account) = (passwdFile, account)
    (self.certificate, self.addresses) = (certificate, addresses)
  }

  /// The directory above all Maildirs; nil if homes can be anywhere.
  var mailBase: String? { (try? MailTemplate(parsing: maildir))?.base }

  /// The path of a certificate that is made, without its ending.
  ///
  /// - Parameter folder: that of the config.
  func selfSigned(in folder: String) -> String { "\(folder)/tls/\(hostname)" }

  /// The endings of the files that are made with a certificate.
  static let selfSignedEndings = [".key", ".crt", ".csr"]

  /// A name for an account that may be the first.
  package var likelyAccount: String { account?.name ?? "postmaster@\(domains.first ?? hostname)" }
}

/// The answers that were given on the command line; nil where there was none.
package struct GivenAnswers {
  package var hostname: String?
  package var domains: String?
  package var maildir: String?
  package var user: String?
  package var passwdFile: String?
  package var account: String?
  package var certificate: String?
  package var key: String?
  package var addresses: String?
  /// Whether the config is made without asking although this host has a Dovecot.
  package var isBesideDovecot = false

  package init() {}
}
