import OceanCompiler
package import OceanPlan

/// The lines of a TLS change for people: what it means for clients.
extension TLSDifference {
  package var lines: [String] {
    var lines: [String] = []
    if !lostVersions.isEmpty {
      lines.append("lost: \(lostVersions.joined(separator: ", "))")
      for version in lostVersions {
        if let clients = Self.clients[version] { lines.append("  \(version) is the best of \(clients)") }
      }
    }
    if !gainedVersions.isEmpty { lines.append("gained: \(gainedVersions.joined(separator: ", "))") }
    lines += lostKeys.map { lost in
      let more = lost.names.count - Self.maxNames
      var names =
        lost.names.prefix(Self.maxNames).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
      if lost.isWithoutName { names += names.isEmpty ? "no known name" : " or no known name" }
      return "lost: clients that verify \(lost.key.rawValue) keys only, asking for \(names)"
    }
    if !lostNames.isEmpty { lines.append("no certificate any more for: \(Self.list(lostNames))") }
    for (what, ciphers) in [("lost", lostCiphers), ("gained", gainedCiphers)] where !ciphers.isEmpty {
      lines.append("\(what) ciphers: \(Self.list(ciphers))")
    }
    return lines
  }

  /// The same, each with what is said below it.
  var sentences: [String] {
    lines.reduce(into: []) { sentences, line in
      if line.hasPrefix(" "), let last = sentences.indices.last {
        sentences[last] += "; " + line.drop { $0 == " " }
      } else {
        sentences.append(line)
      }
    }
  }

  private static func list(_ words: [String]) -> String {
    let more =
      words.count > maxNames ? ["and \(words.count - maxNames) more (--format json lists all)"] : []
    return (words.prefix(maxNames) + more).joined(separator: ", ")
  }

  private static let maxNames = 6

  /// Clients, as their makers shipped them, that know no newer version.
  private static let clients = [
    "TLS 1.0": "Windows XP and Vista, Android before 5, many scanners and printers made before 2014",
    "TLS 1.1": "hardly any: most clients that know it know TLS 1.2",
    "TLS 1.2": "Windows 7 to 10 (Outlook uses the system's), Android before 10, macOS before 10.14",
  ]
}

extension MailboxDifference {
  var text: String {
    "\(before) of \(counted(accounts, "account")) have a Maildir there now, \(after) at the new place"
  }
}
