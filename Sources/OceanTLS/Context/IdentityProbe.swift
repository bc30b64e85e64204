package import OceanBase

extension TLSProfile {
  /// The result of trying whether a server of a profile can present an identity.
  package enum IdentityTrial: Hashable, Sendable {
    /// There are clients that can do a handshake with it, with these versions. They are all that work if the trial
    /// was thorough, and one otherwise.
    case accepted([TLSVersion])
    /// The reason: libssl refuses it, or no client can do a handshake with it, not even one that accepts everything
    /// its libssl can.
    case refused(String)
    /// It cannot be tried here: the linked libssl can do nothing of this profile.
    case unknown
  }

  /// - Parameter isThorough: whether each version is tried.
  package func trial(of identity: TLSIdentity, isThorough: Bool) -> IdentityTrial {
    guard let tickets = try? TicketKeys(now: 0) else { return .unknown }
    do throws(TLSContext.CreationError) {
      let context = try TLSContext(identities: [identity], profile: self, tickets: tickets)
      guard let contexts = try? TLSContextSet([.init(names: [], context: context)]) else { return .unknown }
      let versions = isThorough ? contexts.probe().map(\.version) : contexts.newestVersion.map { [$0] } ?? []
      guard versions.isEmpty else { return .accepted(versions) }
      return probe().isEmpty ? .unknown : .refused("no client can do a handshake with it")
    } catch .identityRefused(_, let error) {
      return .refused("libssl says \(error.reason)")
    } catch {
      return .unknown
    }
  }
}
