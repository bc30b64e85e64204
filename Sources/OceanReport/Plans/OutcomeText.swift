import OceanBase
import OceanPlan

extension PlanDecisions.Outcome {
  /// What decides: the rule, the setting, or what is missing.
  var reason: String { rule?.text ?? words }

  private var words: String {
    guard service != nil else { return "nothing listens there" }
    return switch obstacle {
    case .access(let reason): reason.words
    case nil: "ip_control.default"
    case .disabled: "switched off"
    case .unreachable: "its proxy cannot reach it"
    case .isProxy: "proxy_from"
    case .notAProxy: "not in proxy_from"
    case .needsTLS: "plaintext_login"
    case .noTLS: "no TLS there"
    case .oldTLS(let lowest): "\(lowest) and later"
    }
  }

  /// The same in one word, for programs.
  var code: String {
    guard service != nil else { return "no_listener" }
    return switch obstacle {
    case .access(let reason): rule == nil ? reason.code : "rule"
    case nil: rule == nil ? "ip_control_default" : "rule"
    case .disabled: "disabled"
    case .unreachable: "no_listener"
    case .isProxy, .notAProxy: "proxy_from"
    case .needsTLS: "plaintext_login"
    case .noTLS, .oldTLS: "tls"
    }
  }
}

extension Decision.Reason {
  fileprivate var words: String {
    switch self {
    case .block: "anti_hammering"
    case .whiteList, .blackList, .defaultAction: "ip_control.default"
    case .connectionRate: "connections_per_minute"
    case .connectionsPerIP: "connections_per_ip"
    case .preloginConnections: "prelogin_connections"
    case .maxConnections: "max_connections"
    case .descriptors: "open files"
    }
  }

  fileprivate var code: String {
    switch self {
    case .whiteList, .blackList, .defaultAction: "ip_control_default"
    case .descriptors: "open_files"
    case .block, .connectionRate, .connectionsPerIP, .preloginConnections, .maxConnections: words
    }
  }
}
