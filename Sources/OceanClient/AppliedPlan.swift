import OceanBase
package import OceanControlAPI
package import OceanPlan
package import OceanReport
package import OceanSyntax

/// What came of an apply: the server's report, and what the probe found.
package struct AppliedPlan: Encodable {
  private let report: ApplyReport
  /// Nil without a probe.
  private let probed: [String]?
  private let diff: PlanDiff
  private let source: String
  private let expectations: String?

  private enum CodingKeys: CodingKey {
    case probed
  }

  /// - Parameters:
  ///   - diff: what was to change.
  ///   - source: the path of what was applied.
  ///   - expectations: how many hold, `6 of 6`; nil without any.
  package init(
    report: ApplyReport, probed: [String]?, diff: PlanDiff, source: String, expectations: String?
  ) {
    (self.report, self.probed, self.diff) = (report, probed, diff)
    (self.source, self.expectations) = (source, expectations)
  }

  package func encode(to encoder: any Encoder) throws {
    try report.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(probed, forKey: .probed)
  }

  /// For people: each change, its outcome, and the command that reverts it.
  package func text(of server: ServerName, on screen: Screen) -> String {
    var text = ReportText(report, diff, server: server, on: screen, now: SystemClock.wall.seconds)
    text.isPlanned = true
    text.expectations = expectations
    text.probed = probed ?? []
    // A certificate is in its files, where no rollback brings the old one back.
    let isOfCertificates = diff.hasEffect && diff.classes.isSubset(of: [.certificate, .certificateRenewed])
    if report.undo == nil, report.revertsAt == nil, isOfCertificates {
      text.undo = "put back the certificate's old files, then \(server.apply(source))"
    }
    return text.text
  }
}
