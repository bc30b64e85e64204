extension Plan {
  /// What a config says must hold of who may connect: an `expect`, or `server.protect`.
  ///
  /// It guards plans and is part of none: nobody is served otherwise without it, so the digest does not cover it. A plan file
  /// has it beside the plan, so that a diff can tell what no longer holds by force.
  package struct Expectation: Sendable, Hashable, Codable {
    package var from: AddressSet
    /// Names of services; nil: every service that is switched on.
    package var to: [String]?
    package var verdict: Service.IPControl.Standard
    package var span: Provenance.Origin

    package init(
      from: AddressSet, to: [String]?, verdict: Service.IPControl.Standard, span: Provenance.Origin
    ) {
      self.from = from
      self.to = to
      self.verdict = verdict
      self.span = span
    }

    /// `from 203.0.113.9 to pop3: allow`, as it is written.
    package var text: String {
      "from \(from.summary) to \(to?.joined(separator: ", ") ?? "every service"): \(verdict.rawValue)"
    }
  }
}
