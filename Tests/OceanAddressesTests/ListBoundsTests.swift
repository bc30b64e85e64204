import OceanAddresses
import TestSupport
import Testing

struct ListBoundsTests {
  private func rules(_ text: String) -> AddressRules {
    AddressList(parsing: Array(text.utf8), limits: .init(blocks: 1000, errors: 10)).rules
  }

  private func words(_ bounds: ListBounds, _ text: String) -> [String] {
    bounds.breaches(by: rules(text)).map { $0.sentence(about: "it") }
  }

  @Test func `each bound says what breaks it`() {
    let list = "# a list\n198.18.0.0/15\n\n2001:db8::/32\n203.0.113.1-203.0.113.9\n"
    #expect(words(ListBounds(atLeast: 3, atMost: 3, largestNetwork: 15), list) == [])
    #expect(words(ListBounds(atLeast: 4), list) == ["it has 3 entries, at least 4 are expected"])
    #expect(words(ListBounds(atMost: 2), list) == ["it has 3 entries, at most 2 are expected"])
    #expect(words(ListBounds(atLeast: 2), "0.0.0.0/0\n") == ["it has 1 entry, at least 2 are expected"])
    #expect(
      words(ListBounds(atLeast: 1, largestNetwork: 8), "# nothing\n")
        == ["it has 0 entries, at least 1 are expected"])
    // The entry that comes first in the file is named, of whichever family it is.
    #expect(
      words(ListBounds(largestNetwork: 24), list)
        == ["it has 198.18.0.0/15 on line 2, which is larger than a /24 (and 1 more)"])
    #expect(
      words(ListBounds(largestNetwork: 8), "::/0\n\n*.*.*.*\n")
        == ["it has ::/0 on line 1, which is larger than a /16 (and 1 more)"])
    #expect(
      words(ListBounds(largestNetwork: 8), "0.0.0.0/8\n10.0.0.0-11.0.0.0\n")
        == ["it has 10.0.0.0-11.0.0.0 on line 2, which is larger than a /8"])
  }

  @Test(arguments: 1...32) func `the largest network is allowed, a larger one is not`(_ length: Int) {
    let bounds = ListBounds(largestNetwork: length)
    let sixth = 2 * length
    #expect(words(bounds, "128.0.0.0/\(length)\n8000::/\(sixth)\n") == [])
    let parents = "0.0.0.0/\(length - 1)\n::/\(sixth - 1)\n".split(separator: "\n")
    for (parent, most) in zip(parents, [length, sixth]) {
      let entry = rules(String(parent)).numbered.map { "\($0.pattern)" }.joined()
      #expect(
        words(bounds, String(parent)) == ["it has \(entry) on line 1, which is larger than a /\(most)"])
    }
  }

  /// Bounds of a file that several lists name.
  @Test func `tightened bounds are broken exactly if one of the two is`() {
    var random = SeededGenerator(seed: 13)
    for _ in 0..<2000 {
      func bounds() -> ListBounds {
        func maybe(_ range: ClosedRange<Int>) -> Int? {
          Bool.random(using: &random) ? Int.random(in: range, using: &random) : nil
        }
        return ListBounds(atLeast: maybe(1...6), atMost: maybe(1...6), largestNetwork: maybe(1...32))
      }
      let (one, other) = (bounds(), bounds())
      let family = IPFamily.allCases.randomElement(using: &random) ?? .v4
      let list = AddressRules(
        randomPatterns(Int.random(in: 0..<8, using: &random), family: family, &random))
      let areBroken = !one.breaches(by: list).isEmpty || !other.breaches(by: list).isEmpty
      #expect(areBroken == !one.tightened(by: other).breaches(by: list).isEmpty)
    }
  }
}
