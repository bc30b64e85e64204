import OceanBase
import OceanCompiler
package import OceanMonitor
package import OceanPlan

extension Plan.Monitor {
  /// The token as it is now.
  package func readToken() -> ReadMonitorToken {
    guard let token else { return .none }
    let (facts, found) = token.readToken()
    if let found { return .token(found) }
    switch facts.state {
    case .read: return .unusable("it does not have 16 to 256 visible ASCII characters")
    case .missing: return .unusable("it does not exist")
    // The reader may be a server, whose user is not the user that reads this message.
    case .notPermitted: return .unusable("the user \(User.effectiveName) may not read it")
    case .notHere: return .unusable("it is not in this environment")
    case .unreadable(let reason): return .unusable(reason)
    }
  }
}

extension Plan.SecretSource {
  /// What a check finds where the token should be.
  var monitorToken: Facts.Secret { readToken().facts }

  fileprivate func readToken() -> (facts: Facts.Secret, token: MonitorToken?) {
    let (state, secret) = readState()
    guard let secret else { return (Facts.Secret(state: state), nil) }
    let token = MonitorToken(secret)
    return (Facts.Secret(state: state, isUsable: token != nil), token)
  }
}
