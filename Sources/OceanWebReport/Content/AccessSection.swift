import OceanAddresses
import OceanPlan
import OceanReport

/// What a report says about who gets in at one service, or at one address and port.
struct AccessSection {
  /// Addresses that lose or gain.
  struct Side {
    let isGain: Bool
    /// `64 IPv4`.
    let numbers: String
    /// The first blocks, and how many more there are.
    let blocks: [IPPrefix]
    let more: Int
  }

  /// The most blocks shown of a side.
  private static let maxBlocks = 60

  let part: AccessPart
  /// `pop3`, or `192.0.2.1:110, now of pop3`.
  let title: String
  /// The endpoints of the service, with what is spoken there.
  let endpoints: [String]
  /// Those who lose come first.
  let sides: [Side]
  let survey: AccessSurvey

  init(_ part: AccessPart, in diff: PlanDiff) {
    self.part = part
    let service = part.difference.service
    let name = part.endpoint.map { "\($0), now of \(service)" } ?? part.difference.subject
    title = part.isPlaintext ? "\(name), without TLS" : name
    func endpoints(_ version: PlanVersion?, _ name: String) -> [String] {
      if part.difference.isOfMonitor { return version?.plan.monitor.bind.map(\.description) ?? [] }
      guard let service = version?.plan.services.first(where: { $0.name == name && $0.enabled }) else {
        return []
      }
      return service.listeners.map { version?.text(of: $0, name) ?? "\($0)" }
    }
    let now = endpoints(diff.new, service)
    self.endpoints =
      part.endpoint.map { [$0] }
      ?? (now.isEmpty ? endpoints(diff.old, diff.renamed[service] ?? service) : now)
    sides = [(false, part.difference.newlyRefused), (true, part.difference.newlyAllowed)].compactMap {
      isGain, addresses in
      guard !addresses.isEmpty else { return nil }
      let blocks = IPFamily.allCases.flatMap { addresses.prefixes(of: $0).prefix(Self.maxBlocks) }
      let count = IPFamily.allCases.reduce(0) { sum, family in
        addresses.prefixes(of: family).reduce(sum) { count, _ in count + 1 }
      }
      let shown = blocks.prefix(Self.maxBlocks)
      return Side(
        isGain: isGain, numbers: addresses.numbers, blocks: Array(shown), more: count - shown.count)
    }
    survey = AccessSurvey(part.difference)
  }

  /// What becomes of the clients: `can no longer connect`.
  func words(_ side: Side) -> String {
    switch (part.isPlaintext, side.isGain) {
    case (false, false): "can no longer connect"
    case (false, true): "can connect that could not"
    case (true, false): "can no longer log in without TLS"
    case (true, true): "can log in without TLS that could not"
    }
  }

  /// The sentences of the summary.
  var points: [ReportContent.Point] {
    guard part.isInBoth else {
      return [
        ReportContent.Point(
          tone: sides.contains(where: \.isGain) ? .gain : .loss, text: "\(title): \(part.relation)")
      ]
    }
    return sides.map { side in
      ReportContent.Point(
        tone: side.isGain ? .gain : .loss, text: "\(title): \(side.numbers) \(words(side))")
    } + part.reach.map { ReportContent.Point(tone: .plain, text: "\(title): \($0)") }
  }
}

extension AccessDifference.Cause {
  /// `black list office (203.0.113.0/24)`, without the place.
  var words: String {
    let rule = rule.map { rule in via.map { "\($0) (\(rule))" } ?? rule }
    return [what, rule].compactMap(\.self).joined(separator: " ")
  }
}

extension AccessSurvey.Row {
  var numbers: String { AddressNumbers.text(v4: v4, v6: v6) }

  /// The first blocks, and how many more ranges there are.
  func blocks(_ limit: Int) -> (blocks: [String], more: Int) {
    let shown = ranges.prefix(limit).map(\.description)
    return (shown, rangeCount - shown.count)
  }
}
