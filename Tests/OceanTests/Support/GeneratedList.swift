/// A file of addresses in a format that is not ocean's, with its meaning.
struct GeneratedList {
  private(set) var text = ""
  /// The entries that a list of it has; nil if only the file's author knows.
  private(set) var entries: [String]? = []
  /// Whether the file is so plain that a command must be given.
  private(set) var needsCommand = false

  private static let separators = [",", ";", " ", "\t", ", "]
  private static let words = ["NL", "AT", "spamhost", "reject", "550", "x-1", "SBL4711", "2026-11-01"]

  private static func address(_ random: inout some RandomNumberGenerator) -> String {
    switch Int.random(in: 0..<5, using: &random) {
    case 0: "203.0.\(Int.random(in: 0...255, using: &random)).0/24"
    case 1: "2001:db8:\(Int.random(in: 1...9999, using: &random))::/48"
    default: single(&random)
    }
  }

  private static func single(_ random: inout some RandomNumberGenerator) -> String {
    "203.0.\(Int.random(in: 0...255, using: &random)).\(Int.random(in: 0...127, using: &random) * 2 + 1)"
  }

  init(_ random: inout some RandomNumberGenerator) {
    let separator = Self.separators.randomElement(using: &random) ?? ","
    let rows = Int.random(in: 1...5, using: &random)
    let isQuoted = Int.random(in: 0..<4, using: &random) == 0
    let end = Bool.random(using: &random) ? "\n" : "\r\n"
    func line(_ fields: [String]) -> String {
      fields.map { isQuoted ? "\"\($0)\"" : $0 }.joined(separator: separator) + end
    }
    if Bool.random(using: &random) { text += "# address and more 198.51.100.1, 198.51.100.2" + end }
    switch Int.random(in: 0..<7, using: &random) {
    case 0, 1, 2:
      // One column has the address. If it is the first and ';' follows, the file is a list of ocean's
      // already, with comments.
      let column =
        separator == ";" ? Int.random(in: 1...2, using: &random) : Int.random(in: 0...2, using: &random)
      if Bool.random(using: &random) {
        let name = ["cidr", "from", "dst_ip", "address"].randomElement(using: &random) ?? "ip"
        text += line((0...2).map { $0 == column ? name : "note\($0)" })
      }
      for _ in 0..<rows {
        let address = Self.address(&random)
        entries?.append(address)
        text += line((0...2).map { $0 == column ? address : Self.words.randomElement(using: &random) ?? "x" })
      }
      needsCommand = true
    case 3:
      // Several addresses on a line, not the same number on each.
      for row in 0..<rows {
        let line = (0..<(3 + row)).map { _ in Self.address(&random) }
        entries? += line
        text += line.joined(separator: separator) + end
      }
      needsCommand = true
    case 4:
      // Two addresses: they may be the ends of ranges.
      entries = nil
      if Bool.random(using: &random) { text += line(["start", "end"]) }
      for _ in 0..<rows { text += line([Self.single(&random), Self.single(&random)]) }
    case 5:
      // Networks with their masks, lengths or sizes.
      entries = nil
      let size = ["255.255.255.0", "0.0.0.255", "24", "/24", "256"].randomElement(using: &random) ?? "24"
      // A number after a ';' is a comment, but a mask is not.
      let isMask = size.contains(".")
      if !isMask, separator == ";" { text += "address;length" + end }
      for _ in 0..<rows {
        text += line(["203.0.\(Int.random(in: 0...255, using: &random)).0", size])
      }
    default:
      // Some entries let clients in.
      entries = nil
      text += line(["x", Self.single(&random), "reject"])
      for _ in 0..<rows {
        text += line([
          "x", Self.single(&random), ["ok", "OK", "permit"].randomElement(using: &random) ?? "ok",
        ])
      }
    }
  }
}
