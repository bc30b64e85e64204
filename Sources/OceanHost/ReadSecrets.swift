package import OceanAccess
import OceanBase
import OceanCompiler
package import OceanPlan
import OceanTLS

extension Plan {
  /// The secrets with which account sources are asked, as far as they can be read now.
  package func readAccountSecrets() -> AccountSources.Secrets { Self.read(accounts.map(\.password)) }

  /// These, and those of the server itself.
  package func readSecrets() -> AccountSources.Secrets {
    Self.read(
      accounts.map(\.password) + [
        server.ticketSecret, server.sharedState.password, server.sharedState.sentinel.password,
      ])
  }

  private static func read(_ sources: [SecretSource?]) -> AccountSources.Secrets {
    var secrets: AccountSources.Secrets = [:]
    for source in Set(sources.compactMap(\.self)) {
      if let found = try? source.read()?.secret { secrets[source] = found }
    }
    return secrets
  }
}

extension Plan.SecretSource {
  /// What a check finds where the secret of session tickets should be.
  var ticketSecret: Facts.Secret {
    let (state, secret) = readState()
    return Facts.Secret(
      state: state, isUsable: secret.map { $0.count >= SharedTicketKeys.minSecretLength } ?? true)
  }
}
