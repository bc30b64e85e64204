import OceanAccess
import OceanBase
import OceanCompiler
import OceanPlan

extension Facts {
  /// Asks each directory whether it lets ocean in, and what it has of the settings of its source. None is asked for longer
  /// than logins wait for it; one after the other.
  ///
  /// - Parameter offline: asks nobody.
  static func ldapServers(_ settings: [String: Plan.LDAP], offline: Bool) -> [String: LDAPServer] {
    settings.mapValues { ldap in
      var (password, secret) = (nil as CertificateFacts.FileState?, nil as SecretBytes?)
      if let source = ldap.password { (password, secret) = source.readState() }
      var found: LDAPServer
      if offline {
        found = LDAPServer(.notAsked, reason: "offline")
      } else if let password, password != .read {
        found = LDAPServer(.notAsked, reason: "its password cannot be read")
      } else {
        found = LDAPServer(asking: ldap, secret)
      }
      found.password = password
      return found
    }
  }
}

extension Facts.LDAPServer {
  fileprivate init(asking ldap: Plan.LDAP, _ password: SecretBytes?) {
    do throws(BackendError) {
      let probe = try DirectoryProbe(ldap, password: password)
      self.init(.answered)
      (hasBase, unknown) = (probe.hasBase, probe.unknown)
    } catch {
      switch error {
      case .missingLibrary: self.init(.missingLibrary, reason: error.reason)
      case .notAdmitted, .refused, .nonsense: self.init(.refused, reason: error.reason)
      default: self.init(.away, reason: error.reason)
      }
    }
  }
}
