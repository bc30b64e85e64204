import Glibc
import OceanAccess
import OceanBase
import OceanCompiler
package import OceanControlAPI
import OceanPlan
import OceanSyntax

extension AccountLogins {
  /// Reads the last logins of an account from the state directory that a config or a saved plan names. A server may
  /// be running there. The rest of the config may have mistakes.
  ///
  /// - Parameter login: a name that the account logs in with.
  package init(of login: String, by path: String) throws(Failure) {
    if path != Files.standardInput, let plan = try PlanFile.read(path)?.plan {
      try self.init(of: login, in: plan.server.state, defaultDomain: plan.server.defaultDomain)
      return
    }
    let loaded: LoadedConfig
    do {
      loaded = try loadConfig(path, files: Files.access)
    } catch {
      throw Failure("cannot read \(path): \(error.reason)")
    }
    guard let state = loaded.stateDirectory else {
      throw Failure("\(path) has mistakes and names no server.state; 'ocean check' says what they are")
    }
    try self.init(of: login, in: state, defaultDomain: loaded.config.defaultDomain)
  }

  /// Reads the last logins of an account from a state directory.
  ///
  /// - Parameter defaultDomain: the domain of a name without one.
  private init(of login: String, in state: String, defaultDomain: String?) throws(Failure) {
    let names = AccountDirectory.identityNames(of: login, defaultDomain: defaultDomain)
    guard let account = names.first else {
      throw Failure("'\(login.escapedForDisplay)' cannot be the name of an account")
    }
    let table = LoginTable(in: state)
    let found: LoginTable.LastLogins
    do throws(LoginTable.Problem) {
      found = try table.logins(of: Set(names))
    } catch .system(let step, let path, let code) where code == EACCES {
      throw Failure(
        "cannot \(step) \(path): \(errorText(code)); root, the server's user and its group may")
    } catch .system(let step, let path, let code) {
      throw Failure("cannot \(step) \(path): \(errorText(code))")
    } catch {
      throw Failure(
        "\(table.path) cannot be read: \(error); the server sets it aside when the next session ends")
    }
    self.init(
      account: account, path: table.path, sessions: found.sessions.compactMap(Session.init),
      failures: found.failures.map(FailedLogin.init), unreadable: found.unreadable)
  }
}

extension AccountLogins.Session {
  fileprivate init?(_ login: LoginRecord) {
    guard let session = login.session else { return nil }
    self.init(
      began: Timestamp.text((login.time &- session.milliseconds) / 1000),
      ended: Timestamp.text(login.time / 1000),
      seconds: Int(clamping: session.milliseconds / 1000), service: login.service,
      peer: login.peer.description, tls: login.tls, outcome: login.outcome, app: login.app,
      retrieved: session.retrieved,
      bytes: session.octets, deleted: session.deleted)
  }
}

extension AccountLogins.FailedLogin {
  fileprivate init(_ login: LoginRecord) {
    self.init(
      time: Timestamp.text(login.time / 1000), service: login.service, peer: login.peer.description,
      tls: login.tls, outcome: login.outcome, app: login.app, reason: login.reason)
  }
}
