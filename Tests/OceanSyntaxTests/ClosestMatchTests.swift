import OceanSyntax
import TestSupport
import Testing

@Suite struct ClosestMatchTests {
  static let settings = [
    "bind", "ports", "max_connections", "idle_timeout", "accounts", "tls", "black_list", "white_list", "to",
  ]

  @Test(arguments: [
    ("bnid", "bind"), ("Bind", "bind"), ("port", "ports"), ("prots", "ports"),
    ("max-connections", "max_connections"),
    ("max_conections", "max_connections"), ("idletimeout", "idle_timeout"), ("tsl", "tls"),
    ("blacklist", "black_list"),
    ("bind", "bind"), ("xaccounts", "accounts"),
  ])
  func `found`(word: String, setting: String) {
    #expect(closestMatch(word, among: Self.settings) == setting)
  }

  @Test(arguments: [
    "", "x", "xy", "hostname", "certificate", "list", String(repeating: "bind", count: 100_000),
  ])
  func `nothing near`(word: String) {
    #expect(closestMatch(word, among: Self.settings) == nil)
  }

  @Test func `nearest and first`() {
    #expect(closestMatch("abcdefgh", among: ["abcdefxx", "abcdefgx", "abcdefgy"]) == "abcdefgx")
    #expect(closestMatch("bind", among: [] as [String]) == nil)
    #expect(closestMatch("bind", among: ["", String(repeating: "b", count: 100_000)]) == nil)
  }

  /// One edit of each kind is always forgiven.
  @Test func `one edit`() {
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<500 {
      let word = (0..<Int.random(in: 3...20, using: &generator)).map { _ in
        "abcdefgh".randomElement(using: &generator) ?? "a"
      }
      var edited = word
      let place = Int.random(in: 0..<word.count - 1, using: &generator)
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: edited.remove(at: place)
      case 1: edited.insert("x", at: place)
      case 2: edited[place] = "x"
      default: edited.swapAt(place, place + 1)
      }
      #expect(closestMatch(String(edited), among: [String(word)]) == String(word))
    }
  }
}
