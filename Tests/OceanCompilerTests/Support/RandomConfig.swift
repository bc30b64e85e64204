import OceanPlan
import OceanCompiler
import OceanAddresses
import TestSupport

/// A valid config with every kind of address list. The addresses are few, so that many entries are without
/// effect.
struct RandomConfig {
  private(set) var text = ""
  private var files: [String: String] = [:]

  init(using random: inout SeededGenerator) {
    func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
    func isTrue(_ chance: Int = 2) -> Bool { number(0..<chance) == 0 }
    func pattern() -> String {
      switch number(0..<4) {
      case 0: return "10.0.0.\(number(0..<16))"
      case 1: return "10.0.0.\(number(0..<4) * 4)/30"
      case 2: return "\"2001:db8::\(number(0..<4))\""
      default:
        let first = number(0..<16)
        return "10.0.0.\(first)-10.0.0.\(number(first..<16))"
      }
    }
    let names = ["alpha", "beta", "gamma"]
    let fileNames = ["one.netset", "two.netset"]
    for name in fileNames {
      files[name] = (0..<number(0..<4)).map { _ in pattern().replacing("\"", with: "") + "\n" }.joined()
    }
    func entries(_ most: Int, lists: [String] = names) -> [String] {
      (0..<number(1..<most)).map { _ in
        switch number(0..<6) {
        case 0: "{ file: \(isTrue() ? "one" : "two").netset }"
        case 1, 2: lists.isEmpty ? pattern() : lists[number(0..<lists.count)]
        default: pattern()
        }
      }
    }
    func block(_ entries: [String], _ indent: Int) -> String {
      entries.map { "\n" + String(repeating: " ", count: indent) + "- " + $0 }.joined()
    }
    /// The entries on one line, without files.
    func flow(_ entries: [String]) -> String {
      "[" + entries.filter { !$0.hasPrefix("{") }.joined(separator: ", ") + "]"
    }
    func control(_ indent: Int) -> String {
      let space = String(repeating: " ", count: indent)
      var text = ""
      for list in ["black_list", "white_list"] where isTrue() {
        text +=
          isTrue()
          ? "\n\(space)\(list):" + block(entries(6), indent + 2)
          : "\n\(space)\(list):\n\(space)  enabled: \(isTrue())\n\(space)  entries:"
            + block(entries(5), indent + 4)
      }
      return text.isEmpty ? " {}" : text
    }

    text = """
      version: 1
      accounts: { main: { passwd_file: users.passwd } }
      mail: { maildir: "/var/mail/{user}" }
      address_lists:
        alpha:\(block(entries(5, lists: []), 4))
        beta:\(block(entries(5, lists: ["alpha"]), 4))
        gamma: \(flow(["10.0.0.1"] + entries(5, lists: ["alpha", "beta"])))
      server:
        bind: all
        anti_hammering:
          never_block:\(block(entries(5), 6))
        limits:
          except:

      """
    for index in 0..<number(1..<4) {
      text +=
        "      - { from: \(flow(["10.0.0.\(number(0..<8))"] + entries(4))), connections_per_ip: \(5 + index % 2) }\n"
    }
    text += "service_defaults:\n  plaintext_login: always\n"
    if isTrue() { text += "  ip_control:\(control(4))\n" }
    text += "services:\n"
    for (index, name) in ["pop3", "second", "third"].enumerated() {
      text += "  \(name):\n    ports: [\(1110 + index)]\n"
      if isTrue(4) { text += "    enabled: \(isTrue())\n" }
      if isTrue() { text += "    ip_control:\(control(6))\n" }
      if isTrue() { text += "    proxy_from:\(block(entries(4), 6))\n" }
      if isTrue() {
        text +=
          "    plaintext_login: 192.0.2.0/24; \(entries(5).filter { $0.first?.isNumber == true }.joined(separator: "; "))\n"
      }
    }
    guard let plan = try? compiled(text).result.plan else { return }
    text += "expect: []\n"
    var expected: [String] = []
    for service in plan.services where service.enabled && isTrue() {
      let address = "10.0.0.\(number(0..<16))"
      guard let parsed = try? IPAddress(parsing: address) else { continue }
      // A proxy cannot connect for itself, and may be named by a proxy: neither can be expected.
      guard !service.proxyFrom.contains(parsed) else { continue }
      let verdict = service.ipControl.allowed.contains(parsed) ? "allow" : "refuse"
      expected.append("{ from: [\(address), \(address)], to: \(service.name), verdict: \(verdict) }")
    }
    text = text.replacing("expect: []\n", with: "expect: [\(expected.joined(separator: ", "))]\n")
  }

  func compiled(_ text: String) throws -> Compiled {
    var host = TestHost()
    host.lists = files
    return try Compiled(text, host: host)
  }
}
