extension TLSProfile {
  /// The reason why a server of this profile cannot present `identity`: libssl refuses it, or no client can
  /// do a handshake with it, not even one that accepts everything its libssl can. Nil if there are such
  /// clients.
  package func refusal(of identity: TLSIdentity) -> String? {
    guard let tickets = try? TicketKeys(now: 0) else { return nil }
    do throws(TLSContext.CreationError) {
      let context = try TLSContext(identities: [identity], profile: self, tickets: tickets)
      let contexts = try? TLSContextSet([.init(names: [], context: context)])
      guard let contexts, !contexts.canHandshake, !probe().isEmpty else { return nil }
      return "no client can do a handshake with it"
    } catch .identityRefused(_, let error) {
      return "libssl says \(error.reason)"
    } catch {
      return nil
    }
  }
}
