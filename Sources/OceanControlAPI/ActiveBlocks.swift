package import OceanAddresses

/// The addresses that anti-hammering blocks now, by address.
package struct ActiveBlocks: Sendable, Hashable, Codable {
  package var formatVersion = ControlAPI.formatVersion
  package var blocks: [Block]

  package init(blocks: [Block]) { self.blocks = blocks }

  package struct Block: Sendable, Hashable, Codable {
    /// One address, or the network that counts as one client.
    package var address: IPPrefix
    /// RFC 3339, UTC.
    package var since: String
    /// RFC 3339, UTC.
    package var until: String
    package var secondsLeft: Int
    /// The failures that led to the block.
    package var failures: Int

    package init(address: IPPrefix, since: String, until: String, secondsLeft: Int, failures: Int) {
      self.address = address
      self.since = since
      self.until = until
      self.secondsLeft = secondsLeft
      self.failures = failures
    }
  }
}

/// Selects the blocks to lift: those of these addresses and networks; nil means all.
package struct UnblockRequest: Sendable, Hashable, Codable {
  package var addresses: [IPPrefix]?

  package init(addresses: [IPPrefix]?) { self.addresses = addresses }
}
