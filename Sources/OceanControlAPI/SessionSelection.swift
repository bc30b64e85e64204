package import OceanAddresses
package import OceanPlan

/// Some of a server's sessions. In JSON an object with exactly one of `ids`, `user` and `peer`.
package enum SessionSelection: Sendable, Hashable {
  case ids(Set<UInt64>)
  /// A user as sessions name it: with its domain, in lower case.
  case user(String)
  case peer(IPAddress)

  package func contains(id: UInt64, user: String?, peer: IPAddress) -> Bool {
    switch self {
    case .ids(let ids): ids.contains(id)
    case .user(let name): name == user
    case .peer(let address): address == peer
    }
  }

  /// The sessions of a user as somebody writes the name.
  package init(user: String) { self = .user(user.lowercased()) }

  package func contains(_ session: SessionInfo) -> Bool {
    guard let peer = try? IPAddress(parsing: session.peer) else { return false }
    return contains(id: session.id, user: session.user, peer: peer)
  }
}

extension SessionSelection: Codable {
  private enum CodingKeys: String, CodingKey {
    case ids, user, peer
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    guard let key = container.allKeys.first, container.allKeys.count == 1 else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "exactly one of ids, user and peer is needed")
      )
    }
    switch key {
    case .ids: self = .ids(try container.decode(Set<UInt64>.self, forKey: key))
    case .user: self = .user(try container.decode(String.self, forKey: key))
    case .peer: self = .peer(try container.decode(IPAddress.self, forKey: key))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .ids(let ids): try container.encode(ids.sorted(), forKey: .ids)
    case .user(let name): try container.encode(name, forKey: .user)
    case .peer(let address): try container.encode(address, forKey: .peer)
    }
  }
}

/// The sessions that were ended.
package struct KickResult: Sendable, Hashable, Codable {
  package var formatVersion = ControlAPI.formatVersion
  /// Their ids, sorted. A session that was ending already, or is removing messages, is not among them.
  package var ended: [UInt64]

  /// True if other servers, which count together with this one, are told to end such sessions as well; nil if not.
  package var othersTold: Bool?

  package init(ended: [UInt64], othersTold: Bool? = nil) {
    (self.ended, self.othersTold) = (ended, othersTold)
  }
}
