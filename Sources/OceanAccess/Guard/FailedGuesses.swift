package import OceanAddresses
package import OceanBase
internal import Synchronization

/// Remembers passwords that a hash has shown to be wrong: the same one again, for the same account and from
/// the same address, needs no hash. Otherwise a device that repeats an old password for ever would take a
/// core for itself.
///
/// For each guess, 64 bits of a keyed digest are kept. The account's stored passwords are part of the digest:
/// once one changes, earlier guesses mean nothing. Memory is bounded to 128 KiB; a newer guess takes the place
/// of an older one.
package final class FailedGuesses: Sendable {
  private static let capacity = 1 << 14

  private let digest = GuessDigest()
  private let v6PrefixLength: Int
  /// The guesses, by the digest's low bits. Empty until something fails.
  private let slots = Mutex<[UInt64]>([])

  /// - Parameter v6PrefixLength: leading bits of an IPv6 address that count as one address, 1 to 128.
  package init(v6PrefixLength: Int = defaultV6PrefixLength) {
    self.v6PrefixLength = min(max(v6PrefixLength, 1), 128)
  }

  /// A guess at a candidate's password. Nil if nothing can be remembered: the check is cheap, or its answer
  /// is not final.
  package func guess(
    of candidate: Candidate, user: String, _ password: SecretBytes, from peer: IPAddress
  ) -> Guess? {
    guard candidate.isExpensive, candidate.isRefusalFinal else { return nil }
    let stored = SecretBytes(joining: candidate.choices.compactMap(\.stored?.secret))
    // A check for show may use the very password of the account that is meant, which may be let in one day.
    let isForShow = candidate.choices.contains { if case .decoy = $0.use { true } else { false } }
    let isReal: UInt8 = isForShow ? 0 : 1
    let address = AddressKey(peer, v6PrefixLength: v6PrefixLength).value
    return digest.digest(user: user, address: address, isReal, stored: stored, password).map {
      Guess(value: $0)
    }
  }

  package struct Guess: Sendable {
    fileprivate let value: UInt64
  }

  /// Whether that guess failed before.
  package func contains(_ guess: Guess) -> Bool {
    slots.withLock { !$0.isEmpty && $0[Self.slot(guess)] == guess.value }
  }

  package func insert(_ guess: Guess) {
    slots.withLock { slots in
      if slots.isEmpty { slots = Array(repeating: 0, count: Self.capacity) }
      slots[Self.slot(guess)] = guess.value
    }
  }

  private static func slot(_ guess: Guess) -> Int { Int(truncatingIfNeeded: guess.value) & (capacity - 1) }
}
