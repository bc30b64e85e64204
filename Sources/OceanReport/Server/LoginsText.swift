import OceanCompiler
package import OceanControlAPI
package import OceanSyntax

/// The last logins of an account, for people.
package enum LoginsText {
  package static func text(of logins: AccountLogins, on screen: Screen) -> String {
    func sentence(_ text: String) -> String {
      screen.fitted(text.escapedForDisplay, indent: 0).joined(separator: "\n")
    }
    var parts: [String] = []
    if logins.sessions.isEmpty, logins.failures.isEmpty {
      parts.append(sentence("no login of \(logins.account) is kept in \(logins.path)"))
    }
    if !logins.sessions.isEmpty { parts.append(sessions(logins).text(on: screen)) }
    if !logins.failures.isEmpty { parts.append(failures(logins).text(on: screen)) }
    if logins.unreadable > 0 {
      parts.append(
        sentence(
          "\(counted(logins.unreadable, "line")) of \(logins.path) cannot be read, and may be about this account"
        ))
    }
    parts.append(
      sentence("Sessions are listed when they have ended; 'ocean sessions' lists those that are open."))
    return parts.joined(separator: "\n\n")
  }

  private static func sessions(_ logins: AccountLogins) -> Table {
    // Most accounts have no app passwords.
    let hasApps = logins.sessions.contains { $0.app != nil }
    var table = Table(
      [("CONNECTED", .left), ("FROM", .left), ("SERVICE", .left)] + (hasApps ? [("APP", .left)] : [])
        + [("TLS", .left), ("FETCHED", .right), ("REMOVED", .right), ("END", .left)])
    for session in logins.sessions {
      let fetched =
        session.retrieved == 0 && session.bytes == 0
        ? "0" : "\(session.retrieved), \(Quantities.octets(session.bytes))"
      table.add(
        [session.began, session.peer, session.service] + (hasApps ? [session.app ?? "-"] : [])
          + [tls(session.tls), fetched, "\(session.deleted)", words(session.outcome)])
    }
    return table
  }

  private static func failures(_ logins: AccountLogins) -> Table {
    var table = Table([
      ("FAILED", .left), ("FROM", .left), ("SERVICE", .left), ("TLS", .left), ("REASON", .left),
    ])
    for failure in logins.failures {
      let barred = failure.reason.map { reason in
        "\(failure.app.map { "app password \($0)" } ?? "the password") is right, but \(reason)"
      }
      table.add([
        failure.time, failure.peer, failure.service, tls(failure.tls), barred ?? words(failure.outcome),
      ])
    }
    return table
  }

  /// `1.3`, of the access log's `TLS 1.3`.
  private static func tls(_ version: String?) -> String {
    version.map { String($0.drop { !$0.isNumber }) } ?? "none"
  }

  /// An outcome is a word of the access log.
  private static func words(_ outcome: String) -> String {
    outcome.split(separator: "_").map { $0 == "tls" ? "TLS" : $0 }.joined(separator: " ")
  }
}
