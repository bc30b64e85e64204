import OceanCompiler
package import OceanControlAPI
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

  /// Which sessions were ended.
  ///
  /// - Parameter ids: those that were asked for by their ids.
  package static func text(of result: KickResult, asked ids: Set<UInt64>) -> String {
    let missing = ids.subtracting(result.ended).sorted()
    let others = missing.isEmpty ? "" : ": \(list(missing))"
    let told = result.othersTold == true ? "\nthe other servers are told" : ""
    if result.ended.isEmpty { return "no such session\(told.isEmpty ? "" : " here")\(others)\(told)" }
    return "ended \(counted(result.ended.count, "session")): \(list(result.ended))"
      + (missing.isEmpty ? "" : "\nno such session\(others)") + told
  }

  private static func list(_ ids: [UInt64]) -> String { ids.map(String.init).joined(separator: ", ") }
}
