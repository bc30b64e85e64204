package import OceanAddresses

/// An address, or an IPv6 prefix, that may not connect for a while.
package struct Block: Sendable, Hashable {
  package let prefix: IPPrefix
  /// By the wall clock as it is set now, in nanoseconds since 1970.
  package let since: Int64
  /// The end by the same clock; from then on it may connect again.
  package let until: Int64
  /// The failures that led to it.
  package let failures: Int

  package init(prefix: IPPrefix, since: Int64, until: Int64, failures: Int) {
    self.prefix = prefix
    self.since = since
    self.until = until
    self.failures = failures
  }
}
