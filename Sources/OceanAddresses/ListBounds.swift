/// Bounds that a list file must keep to be used.
///
/// Somebody else publishes the list: a download may be empty, cut short or twice as long, and one line of it
/// may hold every address.
package struct ListBounds: Sendable, Hashable, Codable {
  /// The fewest entries.
  package var atLeast: Int?
  /// The most entries.
  package var atMost: Int?
  /// How many leading bits the largest IPv4 network has, 1 to 32. For IPv6 it is twice that: providers give a
  /// customer a /64 of IPv6 where they give one address of IPv4.
  package var largestNetwork: Int?

  package init(atLeast: Int? = nil, atMost: Int? = nil, largestNetwork: Int? = nil) {
    self.atLeast = atLeast
    self.atMost = atMost
    self.largestNetwork = largestNetwork
  }

  package var isEmpty: Bool { self == ListBounds() }

  /// The bounds that keep these and the others.
  package func tightened(by other: ListBounds) -> ListBounds {
    func tighter(_ first: Int?, _ second: Int?, _ choice: (Int, Int) -> Int) -> Int? {
      guard let first, let second else { return first ?? second }
      return choice(first, second)
    }
    return ListBounds(
      atLeast: tighter(atLeast, other.atLeast, max), atMost: tighter(atMost, other.atMost, min),
      largestNetwork: tighter(largestNetwork, other.largestNetwork, max))
  }

  /// What breaks the bounds; empty if nothing does.
  ///
  /// - Parameter entries: the entries of a list file, numbered by their lines.
  package func breaches(by entries: AddressRules) -> [Breach] {
    var breaches: [Breach] = []
    if let atLeast, entries.count < atLeast {
      breaches.append(.tooFew(entries.count, atLeast: atLeast))
    }
    if let atMost, entries.count > atMost { breaches.append(.tooMany(entries.count, atMost: atMost)) }
    if let largestNetwork, let breach = tooLarge(entries, length: largestNetwork) { breaches.append(breach) }
    return breaches
  }

  private func tooLarge(_ entries: AddressRules, length: Int) -> Breach? {
    let sixth = 2 * length
    // The last address of a network is this far from its first.
    let (most, most6) = (UInt32.max >> UInt32(length), UInt128.max >> UInt128(sixth))
    let large = entries.v4.filter { $0.last - $0.first > most }
    let large6 = entries.v6.filter { $0.last - $0.first > most6 }
    let firsts = [
      large.first.map { ($0.rule, AddressPattern(IPAddress($0.first), IPAddress($0.last)), length) },
      large6.first.map { ($0.rule, AddressPattern(IPAddress($0.first), IPAddress($0.last)), sixth) },
    ]
    guard let first = firsts.compactMap(\.self).min(by: { $0.0 < $1.0 }) else { return nil }
    return .tooLarge(
      first.1, line: Int(first.0), length: first.2, others: large.count + large6.count - 1)
  }

  /// A way in which a list does not keep its bounds.
  package enum Breach: Sendable, Hashable {
    case tooFew(Int, atLeast: Int)
    case tooMany(Int, atMost: Int)
    /// The first entry that is larger than a network of a length, and how many others are.
    case tooLarge(AddressPattern, line: Int, length: Int, others: Int)

    /// - Parameter list: the list's name, or `it`.
    package func sentence(about list: String) -> String {
      switch self {
      case .tooFew(let count, let least): "\(list) has \(Self.entries(count)), at least \(least) are expected"
      case .tooMany(let count, let most): "\(list) has \(Self.entries(count)), at most \(most) are expected"
      case .tooLarge(let entry, let line, let length, let others):
        "\(list) has \(entry) on line \(line), which is larger than a /\(length)"
          + (others > 0 ? " (and \(others) more)" : "")
      }
    }

    private static func entries(_ count: Int) -> String { count == 1 ? "1 entry" : "\(count) entries" }
  }
}
