package import OceanAddresses
package import OceanHost

/// What a host has that a first config may name. It is a value, because nothing here asks the host itself.
package struct InitHost {
  /// A certificate and its key, found where ACME clients or `ocean cert new` put them.
  package struct FoundCertificate: Equatable {
    package var pair: CertificatePair
    /// The host names it is for; empty if they are not known.
    package var names: [String]
    /// Seconds since 1970; nil if it could not be read.
    package var notAfter: Int64?

    package init(_ pair: CertificatePair, names: [String], notAfter: Int64?) {
      self.pair = pair
      self.names = names
      self.notAfter = notAfter
    }
  }

  /// Maildirs below one directory.
  package struct FoundMail: Equatable {
    /// Where they are, with `{domain}` and `{user}`.
    package var template: String
    /// The domains that have a folder.
    package var domains: [String]
    /// One of the accounts that have a Maildir; nil if no Maildir was found.
    package var account: String?
    /// The user that owns it; nil if that is root or has no name.
    package var owner: String?

    package init(template: String, domains: [String], account: String? = nil, owner: String? = nil) {
      (self.template, self.domains) = (template, domains)
      (self.account, self.owner) = (account, owner)
    }
  }

  /// The host's name with its domain, if the host knows it without asking DNS.
  package var name: String
  /// The domain of mail that is written here (/etc/mailname).
  package var mailName: String?
  /// The addresses that other hosts may reach, sorted.
  package var addresses: [IPAddress]
  package var hasIPv6: Bool
  package var certificates: [FoundCertificate]
  package var mail: FoundMail?
  /// Passwd-files that are there, the most likely first.
  package var passwdFiles: [String]
  /// Where other programs listen on the ports of a first config.
  package var sockets: [ListeningSocket]
  /// The config of a Dovecot; nil if there is none.
  package var dovecot: String?
  /// The time, in seconds since 1970.
  package var now: Int64
  package var exists: (_ path: String) -> Bool
  /// What is wrong with a passwd-file: a sentence; nil if accounts are in it, or this user may not read it.
  package var flawOfAccounts: (_ path: String) -> String?
  /// What is wrong with a certificate: a sentence; nil if a server can present it, or this user may not read it.
  package var flawOfCertificate: (_ pair: CertificatePair) -> String?

  package init(
    name: String, mailName: String? = nil, addresses: [IPAddress] = [], hasIPv6: Bool = true,
    certificates: [FoundCertificate] = [], mail: FoundMail? = nil, passwdFiles: [String] = [],
    sockets: [ListeningSocket] = [], dovecot: String? = nil, now: Int64 = 0,
    exists: @escaping (String) -> Bool,
    flawOfAccounts: @escaping (String) -> String?, flawOfCertificate: @escaping (CertificatePair) -> String?
  ) {
    (self.name, self.mailName) = (name, mailName)
    (self.addresses, self.hasIPv6) = (addresses, hasIPv6)
    (self.certificates, self.mail, self.passwdFiles) = (certificates, mail, passwdFiles)
    self.sockets = sockets
    (self.dovecot, self.now, self.exists) = (dovecot, now, exists)
    (self.flawOfAccounts, self.flawOfCertificate) = (flawOfAccounts, flawOfCertificate)
  }
}

/// The files of a certificate.
package struct CertificatePair: Equatable, Sendable {
  package var chain: String
  package var key: String

  package init(chain: String, key: String) { (self.chain, self.key) = (chain, key) }
}
