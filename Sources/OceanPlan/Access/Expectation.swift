package import OceanAddresses

extension Plan {
  /// A rule of the config about who may connect, which must hold: an `expect`, or `server.protect`.
  ///
  /// It guards plans but is not part of them: without it everybody is served in the same way, so the digest
  /// does not cover it. A plan file has it beside the plan, so that a diff can show what no longer has to
  /// hold.
  package struct Expectation: Sendable, Hashable, Codable {
    package var from: AddressSet
    /// Names of services; nil means every service that is switched on.
    package var to: [String]?
    package var verdict: Service.IPControl.DefaultAction
    package var span: Provenance.Origin

    package init(
      from: AddressSet, to: [String]?, verdict: Service.IPControl.DefaultAction, span: Provenance.Origin
    ) {
      self.from = from
      self.to = to
      self.verdict = verdict
      self.span = span
    }

    /// The expectation as it is written: `from 203.0.113.9 to pop3: allow`.
    package var text: String {
      "from \(from.summary) to \(to?.joined(separator: ", ") ?? "every service"): \(verdict.rawValue)"
    }
  }
}
