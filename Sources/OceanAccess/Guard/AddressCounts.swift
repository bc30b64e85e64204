package import OceanBase
package import OceanAddresses

// What servers know of client addresses, and may know together. Event loops ask, so nothing here waits for another
// machine: an implementation that counts with others answers from what it knows, tells them without a caller waiting, and
// goes on with what it knows while it cannot reach them. A block that is known is never forgotten for that.

/// Failed logins by address, and the blocks that follow from them.
package protocol AddressFailures: Sendable {
  /// The block that keeps an address from connecting, if there is one; asked at every accept.
  func block(of peer: IPAddress, at now: ClockReading) -> Block?
  /// How long a login from this address has to wait before its password is looked at, in nanoseconds.
  func delay(for peer: IPAddress, at now: ClockReading) -> Int64
  /// Counts a failed login.
  func failed(
    _ peer: IPAddress, user: some Collection<UInt8>, password: SecretBytes?, at now: ClockReading
  ) -> AntiHammering.Outcome
  /// The failures that count against an address now.
  func failures(of peer: IPAddress, at now: ClockReading) -> Int
  /// All blocks in force, by prefix.
  func blocks(at now: ClockReading) -> [Block]

  /// Sets other limits for all failures from now on.
  ///
  /// - Returns: the blocks that were lifted for it.
  func apply(_ limits: AntiHammering.Limits, at now: ClockReading) -> [Block]
  /// Lifts every block that shares an address with `prefix`, and forgets the failures that led to it.
  ///
  /// - Returns: the blocks lifted, by prefix.
  func unblock(_ prefix: IPPrefix, at now: ClockReading) -> [Block]
  /// Lifts all blocks.
  func unblockAll(at now: ClockReading) -> [Block]
  /// Takes over an earlier process's blocks.
  func restore(_ blocks: [Block], at now: ClockReading)
  /// Frees what is forgotten or has ended.
  func sweep(at now: ClockReading)
}

/// Live connections by address.
package protocol AddressConnections: Sendable {
  /// Takes a place for a connection.
  ///
  /// - Returns: nil if the address already has `limit` connections.
  func admit(_ peer: IPAddress, limit: Int) -> ConnectionCounter.Ticket?
  /// How many connections an address has.
  func count(of peer: IPAddress) -> Int
}

extension AntiHammering: AddressFailures {}
extension ConnectionCounter: AddressConnections {}
