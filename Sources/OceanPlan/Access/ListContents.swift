package import OceanAddresses

/// The contents of a list file: its entries, numbered by their lines.
package struct ListContents: Sendable, Equatable {
  package var rules: AddressRules
  /// At least the highest line number of an entry.
  package var lines: Int

  package init(rules: AddressRules, lines: Int) {
    self.rules = rules
    self.lines = lines
  }

  /// Names the set of addresses, however they are listed.
  package var digest: Digest { AddressSet(rules).digest }
}
