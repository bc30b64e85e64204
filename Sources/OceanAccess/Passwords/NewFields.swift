internal import OceanAddresses
internal import OceanPlan

/// The fields of a new line for a passwd-file that say where and until when a password may be used.
package struct NewFields: Sendable, Hashable {
  /// `services=pop3 expires=2027-01-31`; empty without fields.
  package let text: String

  /// What is wrong with a value, in a sentence without its final stop.
  package struct Flaw: Error, Hashable {
    package let message: String
  }

  package init() { text = "" }

  /// - Parameters:
  ///   - services: names of services, separated by commas.
  ///   - networks: addresses and networks, separated by commas.
  ///   - end: a date or a time.
  package init(services: String?, networks: String?, end: String?) throws(Flaw) {
    var fields: [String] = []
    if let services {
      let names = services.split(separator: ",", omittingEmptySubsequences: false)
      guard names.allSatisfy({ !$0.isEmpty && Self.isWord($0) }) else {
        throw Flaw(message: "services are names with commas between them, such as pop3,internal")
      }
      fields.append("services=\(services)")
    }
    if let networks {
      for network in networks.split(separator: ",", omittingEmptySubsequences: false) {
        do {
          _ = try IPPrefix(parsing: network)
        } catch .hostBits(let meant, _) {
          throw Flaw(message: "\(network) has host bits set: write \(meant), or the address alone")
        } catch {
          throw Flaw(
            message:
              "networks are addresses or CIDR blocks with commas between them, such as 192.0.2.0/24,2001:db8::1"
          )
        }
      }
      fields.append("allow_nets=\(networks)")
    }
    if let end {
      guard RuleEnd(parsing: end) != nil, Self.isWord(end[...]) else {
        throw Flaw(
          message: "an end is a date such as 2027-01-31, or a time such as 2027-01-31T18:00:00+01:00")
      }
      fields.append("expires=\(end)")
    }
    text = fields.joined(separator: " ")
  }

  /// Whether a text is shown as it is, and does not end a field.
  private static func isWord(_ text: Substring) -> Bool {
    text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f }
  }
}
