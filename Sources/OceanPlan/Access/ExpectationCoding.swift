import OceanAddresses
import OceanBase

/// In plan files. Keys that say nothing are left out, as they are in files of earlier versions.
extension Plan.Expectation: Codable {
  private enum CodingKeys: String, CodingKey {
    case from, later, to, verdict, can, tls, span, via, user, certificates, serverName, list, listFile,
      atLeast,
      atMost,
      largestNetwork, antiHammering
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let can = try container.decodeIfPresent(Ability.self, forKey: .can) ?? .connect
    let tls = try container.decodeIfPresent(String.self, forKey: .tls)
    guard
      let aim = Attempt.Aim(
        can,
        tls: try tls.map { text in
          guard let version = TLSVersion(short: text) else {
            throw DecodingError.dataCorruptedError(
              forKey: .tls, in: container, debugDescription: "'\(text)' is not a version of TLS")
          }
          return version
        })
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .tls, in: container, debugDescription: "a version of TLS is for a login over TLS")
    }
    self.init(
      from: try container.decode(AddressSet.self, forKey: .from),
      to: try container.decodeIfPresent([String].self, forKey: .to),
      verdict: try container.decode(Plan.Service.IPControl.DefaultAction.self, forKey: .verdict), aim: aim,
      span: try container.decode(Provenance.Origin.self, forKey: .span))
    later = try container.decodeIfPresent([Later].self, forKey: .later) ?? []
    via = try container.decodeIfPresent(IPAddress.self, forKey: .via)
    user = try container.decodeIfPresent(String.self, forKey: .user)
    certificates = try container.decodeIfPresent([String].self, forKey: .certificates)
    serverName = try container.decodeIfPresent(String.self, forKey: .serverName)
    bound = try Self.bound(container)
  }

  private static func bound(_ container: KeyedDecodingContainer<CodingKeys>) throws -> Bound? {
    if let isOn = try container.decodeIfPresent(Bool.self, forKey: .antiHammering) {
      return .antiHammering(isOn)
    }
    let bounds = ListBounds(
      atLeast: try container.decodeIfPresent(Int.self, forKey: .atLeast),
      atMost: try container.decodeIfPresent(Int.self, forKey: .atMost),
      largestNetwork: try container.decodeIfPresent(Int.self, forKey: .largestNetwork))
    if let path = try container.decodeIfPresent(String.self, forKey: .listFile) {
      return .listFile(path, bounds)
    }
    return try container.decodeIfPresent(String.self, forKey: .list).map { .list($0, bounds) }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(from, forKey: .from)
    if !later.isEmpty { try container.encode(later, forKey: .later) }
    try container.encodeIfPresent(to, forKey: .to)
    try container.encode(verdict, forKey: .verdict)
    try container.encode(span, forKey: .span)
    try container.encode(aim.ability, forKey: .can)
    if case .tlsLogin(let version) = aim { try container.encode(version.short, forKey: .tls) }
    try container.encodeIfPresent(via, forKey: .via)
    try container.encodeIfPresent(user, forKey: .user)
    try container.encodeIfPresent(certificates, forKey: .certificates)
    try container.encodeIfPresent(serverName, forKey: .serverName)
    switch bound {
    case .antiHammering(let isOn): try container.encode(isOn, forKey: .antiHammering)
    case .list(let name, let bounds):
      try container.encode(name, forKey: .list)
      try Self.encode(bounds, to: &container)
    case .listFile(let path, let bounds):
      try container.encode(path, forKey: .listFile)
      try Self.encode(bounds, to: &container)
    case nil: break
    }
  }

  private static func encode(
    _ bounds: ListBounds, to container: inout KeyedEncodingContainer<CodingKeys>
  ) throws {
    try container.encodeIfPresent(bounds.atLeast, forKey: .atLeast)
    try container.encodeIfPresent(bounds.atMost, forKey: .atMost)
    try container.encodeIfPresent(bounds.largestNetwork, forKey: .largestNetwork)
  }
}
