package import OceanAccess
import OceanBase
import OceanCompiler
package import OceanPlan

extension Plan {
  /// The passwords with which account sources are asked, as far as they can be read now.
  package func readAccountSecrets() -> AccountSources.Secrets {
    var secrets: AccountSources.Secrets = [:]
    for source in Set(accounts.compactMap(\.password)) {
      if let found = try? source.read()?.secret { secrets[source] = found }
    }
    return secrets
  }
}
