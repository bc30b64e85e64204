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
      let password = ldap.password?.readState()
      let obstacle = Plan.SecretSource.obstacle(password?.state, offline: offline)
      var found =
        obstacle.map { LDAPServer(.notAsked, reason: $0) } ?? LDAPServer(asking: ldap, password?.secret)
      found.password = password?.state
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
      aliases =
        probe.aliases.isEmpty ? nil : probe.aliases.map { Alias(written: $0.written, name: $0.name) }
    } catch {
      switch error {
      case .missingLibrary: self.init(.missingLibrary, reason: error.reason)
      case .notAdmitted, .refused, .nonsense: self.init(.refused, reason: error.reason)
      default: self.init(.away, reason: error.reason)
      }
    }
  }
}
