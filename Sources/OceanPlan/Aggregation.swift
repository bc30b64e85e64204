extension IPPrefix {
  /// The fewest blocks that hold the same addresses, sorted: two halves become their whole, and what lies in
  /// another block goes.
  package static func aggregated(_ prefixes: some Sequence<IPPrefix>) -> [IPPrefix] {
    var result: [IPPrefix] = []
    for prefix in prefixes.sorted() {
      if let last = result.last, last.contains(prefix.network) { continue }
      result.append(prefix)
      while let (low, high) = result.lastTwo, let whole = low.union(withSibling: high) {
        result.removeLast(2)
        result.append(whole)
      }
    }
    return result
  }

  /// The block of which `high` is the upper half and this the lower; nil if there is none.
  private func union(withSibling high: IPPrefix) -> IPPrefix? {
    guard length == high.length, length > 0, family == high.family else { return nil }
    let whole = IPPrefix(network, length: length - 1)
    return whole.network == network && whole.last == high.last ? whole : nil
  }
}

extension Array {
  fileprivate var lastTwo: (Element, Element)? { count < 2 ? nil : (self[count - 2], self[count - 1]) }
}
