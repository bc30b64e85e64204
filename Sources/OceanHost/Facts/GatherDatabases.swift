import OceanAccess
import OceanBase
import OceanCompiler
import OceanPlan

extension Facts {
  /// Lets each database prepare the query of its source. None is asked for longer than logins
  /// wait for it; one after the other.
  ///
  /// - Parameter offline: asks nobody.
  static func databases(_ settings: [String: Plan.SQL], offline: Bool) -> [String: Database] {
    settings.mapValues { sql in
      let password = sql.password?.readState()
      let obstacle = Plan.SecretSource.obstacle(password?.state, offline: offline)
      var found = obstacle.map { Database(.notAsked, reason: $0) } ?? Database(asking: sql, password?.secret)
      found.password = password?.state
      return found
    }
  }
}

extension Facts.Database {
  fileprivate init(asking sql: Plan.SQL, _ password: SecretBytes?) {
    do throws(BackendError) {
      let columns = try DatabaseProbe.columns(sql, password: password)
      self.init(.prepared)
      self.columns = columns.names
      missing = columns.missing.isEmpty ? nil : columns.missing
      unknown = columns.unknown.isEmpty ? nil : columns.unknown
      refusing = columns.refusing.isEmpty ? nil : columns.refusing
      repeated = columns.repeated.isEmpty ? nil : columns.repeated
    } catch {
      switch error {
      case .missingLibrary: self.init(.missingLibrary, reason: error.reason)
      case .refused(let reason), .nonsense(let reason): self.init(.refused, reason: reason)
      default: self.init(.away, reason: error.reason)
      }
    }
  }
}
