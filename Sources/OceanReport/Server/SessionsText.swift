import OceanCompiler
package import OceanPlan
package import OceanSyntax

/// Open sessions, for people.
package enum SessionsText {
  package static func text(of sessions: [SessionInfo], on screen: Screen) -> String {
    guard !sessions.isEmpty else { return "no sessions" }
    var table = Table([
      ("ID", .right), ("SERVICE", .left), ("PEER", .left), ("USER", .left), ("STATE", .left), ("TLS", .left),
      ("AGE", .right), ("IDLE", .right), ("MESSAGES", .right), ("SENT", .right),
    ])
    for session in sessions {
      table.add([
        "\(session.id)", session.service, session.peer, session.user ?? "-", session.state.rawValue,
        session.tls ?? Plan.Service.Security.plain.rawValue, Quantities.duration(seconds: session.seconds),
        Quantities.duration(seconds: session.idleSeconds), "\(session.retrieved)",
        Quantities.octets(session.bytes),
      ])
    }
    return table.text(on: screen) + "\n" + counted(sessions.count, "session")
  }
}
