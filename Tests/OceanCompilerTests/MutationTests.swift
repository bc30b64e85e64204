import OceanCompiler
import OceanPlan
import TestSupport
import Testing

/// Compiling any config ends, and ends well.
@Suite struct MutationTests {
  private static let words = [
    "", "~", "{}", "[]", "{ a: b }", "[all]", "all", "default", "true", "off", "0", "-1",
    "99999999999999999999",
    "9223372036854775807s", "1h", "127.0.0.1", "0.0.0.0/0", "\"::/0\"", "\";;\"", "\"a; b\"", "{user",
    "../{user}",
    "\"\u{0}\"", "\u{202e}", "mx.example.org", "nx.example.org", "missing.passwd", "OC0403", "pop3", "main",
    "&a", "*a",
    "- x", "version: 1", "services:", "include: [\"*\"]",
  ]

  @Test(.timeLimit(.minutes(2)), arguments: 0..<10) func `never traps`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let config = try Repository.text("examples/office.yaml")
    var valid = 0
    for _ in 0..<40 {
      var lines = config.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      for _ in 0..<Int.random(in: 1...4, using: &random) { Self.mutate(&lines, &random) }
      let compiled = try Compiled(lines.joined(separator: "\n"))
      _ = compiled.report
      guard let plan = compiled.result.plan else {
        #expect(!compiled.errors.isEmpty)
        continue
      }
      valid += 1
      // A plan that compiles is also accepted from a file.
      let file = try PlanFile(
        plan: plan, inputs: compiled.result.inputs, provenance: compiled.result.provenance,
        rules: compiled.result.rules)
      #expect(try PlanFile(json: file.json).plan == plan)
      #expect(compiled.errors == [])
    }
    #expect(valid > 0)
  }

  private static func mutate(_ lines: inout [String], _ random: inout SeededGenerator) {
    guard let index = lines.indices.randomElement(using: &random),
      let other = lines.indices.randomElement(using: &random)
    else { return }
    let word = words.randomElement(using: &random) ?? ""
    switch Int.random(in: 0..<6, using: &random) {
    case 0: lines.remove(at: index)
    case 1: lines.insert(lines[other], at: index)
    case 2: lines.swapAt(index, other)
    case 3: lines[index] = String(lines[index].prefix { $0 != ":" }) + ": " + word
    case 4: lines[index] += word
    default:
      let characters = Array(lines[index])
      if let place = characters.indices.randomElement(using: &random) {
        lines[index] = String(characters[..<place]) + word + String(characters[place...].dropFirst())
      }
    }
  }
}
