package import OceanBase
package import OceanPlan

/// One authentication exchange (RFC 4422 §3) on the server's side, from the client's responses to a name and a
/// password. Whether they are right is found out as for USER and PASS.
package struct SASLExchange: Sendable {
  /// The answer to a response.
  package enum Step: Sendable, Equatable {
    /// The server says this, and waits for another response.
    case challenge(SecretBytes)
    case password(user: String, SecretBytes)
    /// The response is not one of the mechanism.
    case malformed
  }

  private enum State {
    case plain
    case loginUser
    case loginPassword(user: String)
  }

  private var state: State

  package init(_ mechanism: Plan.SASLMechanism) {
    switch mechanism {
    case .plain: state = .plain
    case .login: state = .loginUser
    }
  }

  /// - Parameter response: the decoded response; nil before the first, if the client sent none with its
  ///   command.
  package mutating func step(_ response: SecretBytes?) -> Step {
    switch state {
    case .plain: return response.map(Self.plain) ?? .challenge(SecretBytes(copying: []))
    case .loginUser:
      guard let response else { return .challenge(SecretBytes(copying: "Username:".utf8)) }
      guard let user = Self.name(response) else { return .malformed }
      state = .loginPassword(user: user)
      return .challenge(SecretBytes(copying: "Password:".utf8))
    case .loginPassword(let user):
      guard let response, !Self.hasNUL(response) else { return .malformed }
      return .password(user: user, response)
    }
  }

  /// Reads `[authorization identity] NUL user NUL password` (RFC 4616 §2). An authorization identity is
  /// accepted if it is the user's: nobody acts for somebody else.
  private static func plain(_ response: SecretBytes) -> Step {
    let parts = response.withUnsafeBytes { bytes in
      bytes.split(separator: 0, maxSplits: 3, omittingEmptySubsequences: false).map { $0.indices }
    }
    guard parts.count == 3, let user = name(response[parts[1]]),
      parts[0].isEmpty || response[parts[0]] == response[parts[1]]
    else { return .malformed }
    return .password(user: user, response[parts[2]])
  }

  /// A name as USER takes it: UTF-8 without spaces and control characters.
  private static func name(_ text: SecretBytes) -> String? {
    text.withUnsafeBytes { octets in
      guard !octets.isEmpty, octets.isText, !octets.contains(UInt8(ascii: " ")) else { return nil }
      return String(decoding: octets, as: UTF8.self)
    }
  }

  private static func hasNUL(_ text: SecretBytes) -> Bool { text.withUnsafeBytes { $0.contains(0) } }
}
