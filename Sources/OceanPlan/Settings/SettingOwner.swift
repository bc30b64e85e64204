import OceanAddresses

/// Whose a setting's value is where several nodes run one policy: the policy's, or that of the node.
enum SettingOwner<Value: Sendable>: Sendable {
  /// The policy's. Nodes with different values have different policies.
  case policy
  /// The node's own: where it is, who it is, and what it has.
  case node
  /// The node's own, but for a part of it. The text says which part is the policy's; the function gives it.
  case nodeBut(String, @Sendable (Value) -> Value)

  var kind: SettingOwnerKind {
    switch self {
    case .policy: .policy
    case .node: .node
    case .nodeBut(let part, _): .nodeBut(part)
    }
  }

  /// What is the policy's of a value.
  ///
  /// - Parameter blank: stands for a value of which nothing is.
  func policyPart(of value: Value, blank: Value) -> Value {
    switch self {
    case .policy: value
    case .node: blank
    case .nodeBut(_, let part): part(value)
    }
  }
}

/// Whose a setting's value is, for documents and tests.
enum SettingOwnerKind: Sendable, Hashable {
  case policy
  case node
  case nodeBut(String)

  /// Empty for a setting of the policy.
  var words: String {
    switch self {
    case .policy: ""
    case .node: "node"
    case .nodeBut(let part): "node; the policy has \(part)"
    }
  }
}

// A path is the node's own, but whether there is one decides what the server does.

extension SettingOwner<String?> {
  static let place = SettingOwner.nodeBut("whether there is one") { $0.map { _ in "" } }
}

extension SettingOwner<Plan.SecretSource?> {
  static let place = SettingOwner.nodeBut("whether there is one") { $0.map { _ in .file("") } }
}

// Which database or directory is asked is the policy's. A file or a socket of the node is not the same on another.

extension SettingOwner<DatabaseURL?> {
  static let pathOfURL = SettingOwner.nodeBut("all but the path of a file or socket") { $0?.withoutPaths }
}

extension SettingOwner<LDAPURL?> {
  static let pathOfURL = SettingOwner.nodeBut("all but the path of a socket") { $0?.withoutPath }
}

extension SettingOwner<MailTemplate> {
  /// Where the mail's file system is mounted is the node's own, and how it is divided among accounts is the policy's.
  static let mailBase = SettingOwner.nodeBut("all from the first name with a parameter on") { $0.withoutBase }
}

extension SettingOwner<[Plan.Listener]> {
  static let listeners = SettingOwner.nodeBut("the ports with their TLS") { listeners in
    Set(listeners.map { Plan.Listener(address: IPAddress(v4: 0), port: $0.port, tls: $0.tls) }).sorted {
      ($0.port, $0.tls.rawValue) < ($1.port, $1.tls.rawValue)
    }
  }
}

extension SettingOwner<[Endpoint]> {
  static let endpoints = SettingOwner.nodeBut("the ports") { endpoints in
    Set(endpoints.map(\.port)).sorted().map { Endpoint(address: IPAddress(v4: 0), port: $0) }
  }
}
