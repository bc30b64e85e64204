package import OceanCompiler
import OceanPlan

/// Rules that no expectation exercises, for people.
package enum CoverageText {
  package static func text(of coverage: Coverage, _ expectations: Int, color: Bool) -> String {
    var table = Table([("NOT EXERCISED", .left), ("RULE", .left), ("SERVICE", .left), ("LIST", .left)])
    let open = coverage.entries.filter { $0.exercised < $0.rules }
    for entry in open {
      var rule = entry.origin.text
      if entry.isFile {
        rule =
          entry.rules == 1 ? "its one entry" : "\(entry.rules - entry.exercised) of \(entry.rules) entries"
      }
      if let via = entry.origin.via { rule += " (\(via))" }
      let place = entry.isFile ? entry.origin.place.file : "\(entry.origin.place)"
      table.add([place, rule, entry.service, entry.list])
    }
    let listing = open.isEmpty ? "" : table.text(color: color) + "\n\n"
    return listing + "coverage: \(coverage.exercised) of \(counted(coverage.rules, "rule")) exercised by "
      + counted(expectations, "expectation")
  }
}
