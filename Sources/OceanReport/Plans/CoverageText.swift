package import OceanPlan
import OceanCompiler
package import OceanSyntax

/// Rules and settings that could be lost without anybody noticing, for people.
package enum CoverageText {
  package static func text(of coverage: Coverage, on screen: Screen) -> String {
    var table = Table([("UNNOTICED", .left), ("RULE", .left), ("SERVICE", .left), ("SETTING", .left)])
    let open = coverage.entries.filter { $0.noticed < $0.rules }
    for entry in open {
      var rule = entry.origin.text
      if entry.isFile {
        rule = entry.rules == 1 ? "its one entry" : "\(entry.rules - entry.noticed) of \(entry.rules) entries"
      }
      if let via = entry.origin.via { rule += " (\(via))" }
      let place = entry.isFile ? entry.origin.place.file : "\(entry.origin.place)"
      table.add([place, rule, entry.service, entry.setting])
    }
    let listing = open.isEmpty ? "" : table.text(on: screen) + "\n\n"
    let judges =
      counted(coverage.expectations, "expectation")
      + (coverage.cases > 0 ? " and \(counted(coverage.cases, "case"))" : "")
    let text =
      "coverage: \(judges) would notice the loss of \(coverage.noticed) of \(counted(coverage.rules, "rule"))"
    return listing + screen.fitted(text, indent: 2).joined(separator: "\n")
  }
}
