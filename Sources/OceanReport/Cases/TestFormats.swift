package import OceanHost
import OceanAddresses
import OceanBase
import OceanPlan
import OceanSyntax
import OceanCompiler

/// The results of cases for programs.
extension TestRun {
  /// JUnit's XML: a suite for each file.
  package var junit: String {
    func counts(_ results: [Result]) -> String {
      let failed = results.count { !$0.findings.isEmpty }
      let seconds = Seconds.text(results.reduce(0) { $0 + $1.seconds })
      return #"tests="\#(results.count)" failures="\#(failed)" errors="0" skipped="0" time="\#(seconds)""#
    }
    let suites = files.map { file in
      let cases = file.results.map { result in
        let attributes =
          #"name="\#(result.test.name.xmlEscaped)" classname="\#(file.path.xmlEscaped)" "#
          + #"file="\#(file.path.xmlEscaped)" line="\#(result.test.place.line)" time="\#(Seconds.text(result.seconds))""#
        guard let first = result.findings.first else { return "    <testcase \(attributes)/>\n" }
        let message = "\(first.wanted), but \(first.found)".xmlEscaped
        let text = result.lines.map { "\($0.heading): \($0.text)" }.joined(separator: "\n").xmlEscaped
        return """
              <testcase \(attributes)>
                <failure message="\(message)">\(text)</failure>
              </testcase>

          """
      }
      return
        "  <testsuite name=\"\(file.path.xmlEscaped)\" \(counts(file.results))>\n\(cases.joined())  </testsuite>\n"
    }
    return """
      <?xml version="1.0" encoding="UTF-8"?>
      <testsuites \(counts(results))>
      \(suites.joined())</testsuites>

      """
  }

  /// TAP, version 14 (https://testanything.org/tap-version-14-specification.html).
  package var tap: String {
    let lines = results.enumerated().map { index, result in
      let line =
        "\(result.findings.isEmpty ? "ok" : "not ok") \(index + 1) - \(result.test.name.tapEscaped)\n"
      guard !result.findings.isEmpty else { return line }
      // JSON strings are YAML as well.
      let details = result.lines.map { "  - { \($0.heading): \($0.text.jsonQuoted) }\n" }.joined()
      return line + "  ---\n  at: \("\(result.test.place)".jsonQuoted)\n  findings:\n\(details)  ...\n"
    }
    return "TAP version 14\n1..\(results.count)\n" + lines.joined()
  }

  /// One JSON object. The sets of clients are exact: the fewest networks that hold them.
  package var json: String {
    let failed = results.count { !$0.findings.isEmpty }
    let objects = results.map { result in
      let place = result.test.place
      let findings = result.findings.map(\.json).joined(separator: ",")
      let span = #"{"file":\#(place.file.jsonQuoted),"line":\#(place.line),"column":\#(place.column)}"#
      let opposite = result.opposite.map { #","opposite":\#("\($0)".jsonQuoted)"# } ?? ""
      return
        #"{"name":\#(result.test.name.jsonQuoted),"span":\#(span),"holds":\#(result.findings.isEmpty),"findings":[\#(findings)]\#(opposite)}"#
    }
    let list = objects.map { "\n  " + $0 }.joined(separator: ",")
    return """
      {"format_version":1,"holds":\(failed == 0),"case_count":\(results.count),"failed_count":\(failed),\
      "cases":[\(list)\(objects.isEmpty ? "" : "\n")]\(coverage.map { ",\"coverage\":\($0.json)" } ?? "")}

      """
  }
}

extension CaseFinding {
  fileprivate var json: String {
    let start = #""wanted":\#(wanted.jsonQuoted),"found":\#(found.jsonQuoted)"#
    guard let violation else { return "{\(start)}" }
    let causes = violation.causes.map { cause, addresses in
      let members = [
        #""what":\#(cause.what.jsonQuoted)"#, cause.rule.map { #""rule":\#($0.jsonQuoted)"# },
        cause.place.map { #""place":\#("\($0)".jsonQuoted)"# }, cause.via.map { #""via":\#($0.jsonQuoted)"# },
        #""addresses":\#(addresses.json)"#,
      ]
      return "{\(members.compactMap(\.self).joined(separator: ","))}"
    }
    return
      #"{\#(start),"addresses":\#(violation.clients.json),"because":[\#(causes.joined(separator: ","))]}"#
  }
}

extension AddressSet {
  fileprivate var json: String {
    let networks = IPFamily.allCases.flatMap { family in prefixes(of: family).map { "\"\($0)\"" } }
    return "[\(networks.joined(separator: ","))]"
  }
}

extension Coverage {
  fileprivate var json: String {
    let open = entries.filter { $0.noticed < $0.rules }.map { entry in
      #"{"service":\#(entry.service.jsonQuoted),"setting":\#(entry.setting.jsonQuoted),"rule":\#(entry.origin.text.jsonQuoted),"#
        + #""place":\#("\(entry.origin.place)".jsonQuoted),"rules":\#(entry.rules),"noticed":\#(entry.noticed)}"#
    }
    return #"{"rules":\#(rules),"noticed":\#(noticed),"unnoticed":[\#(open.joined(separator: ","))]}"#
  }
}

extension String {
  /// The text in XML 1.0, which has no control characters.
  fileprivate var xmlEscaped: String {
    var result = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\n": result += "&#10;"
      case "\t": result += "&#9;"
      case "\r": result += "&#13;"
      case "\u{0}"..<"\u{20}", "\u{fffe}", "\u{ffff}": result += "\u{fffd}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The text as a description of TAP, in one line.
  fileprivate var tapEscaped: String {
    escapedForDisplay.replacing("\\", with: "\\\\").replacing("#", with: "\\#")
  }
}
