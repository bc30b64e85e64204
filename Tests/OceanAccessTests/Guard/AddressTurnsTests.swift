import OceanAccess
import OceanAddresses
import TestSupport
import Testing

@Suite struct AddressTurnsTests {
  private func address(_ text: String) throws -> IPAddress { try IPAddress(parsing: text) }

  private func drain(_ turns: AddressTurns<String>) -> [String] {
    var taken: [String] = []
    while let next = turns.next() { taken.append(next) }
    return taken
  }

  @Test func `one that comes late waits for one of each other`() throws {
    let turns = AddressTurns<String>()
    for number in 1...20 { turns.append("a\(number)", of: try address("192.0.2.1")) }
    #expect(turns.next() == "a1")
    turns.append("b1", of: try address("192.0.2.2"))
    turns.append("b2", of: try address("192.0.2.2"))
    turns.append("c1", of: try address("192.0.2.3"))
    #expect((0..<6).compactMap { _ in turns.next() } == ["a2", "b1", "c1", "a3", "b2", "a4"])
    #expect(drain(turns) == (5...20).map { "a\($0)" })
    #expect(turns.next() == nil)
  }

  @Test func `the addresses of a prefix are one`() throws {
    let turns = AddressTurns<String>(v6PrefixLength: 64)
    for number in 1...3 { turns.append("a\(number)", of: try address("2001:db8::\(number)")) }
    turns.append("b", of: try address("2001:db8:0:1::1"))
    #expect(drain(turns) == ["a1", "b", "a2", "a3"])
  }

  /// Nothing is lost, each address's elements are in order, and between two of an address no other has more
  /// than one.
  @Test func `everybody has the same share`() throws {
    var random = SeededGenerator(seed: 7)
    let turns = AddressTurns<[Int]>()
    var waiting: [[Int]] = Array(repeating: [], count: 5)
    var sinceTurn = Array(repeating: 0, count: 5)
    for number in 0..<3000 {
      if Bool.random(using: &random) {
        let who = Int.random(in: 0..<5, using: &random)
        if waiting[who].isEmpty { sinceTurn[who] = 0 }
        waiting[who].append(number)
        turns.append([who, number], of: IPAddress(v4: UInt32(who)))
      } else {
        let taken = turns.next()
        #expect((taken == nil) == waiting.allSatisfy(\.isEmpty))
        guard let taken else { continue }
        #expect(waiting[taken[0]].first == taken[1])
        waiting[taken[0]].removeFirst()
        for who in 0..<5 { sinceTurn[who] += 1 }
        sinceTurn[taken[0]] = 0
        #expect((0..<5).allSatisfy { waiting[$0].isEmpty || sinceTurn[$0] <= 5 })
      }
    }
  }
}
