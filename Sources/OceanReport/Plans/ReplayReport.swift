package import OceanHost
package import OceanPlan
import OceanReplay

/// The meaning of a plan for the clients in an access log, for programs.
package struct ReplayReport: Encodable {
  package struct Entry: Encodable {
    package let service: String
    package let peer: String
    package let verdict: String
    /// What decides: `rule`, `ip_control_default`, `no_listener`, `disabled`, `proxy_from`,
    /// `plaintext_login`, `tls`, `anti_hammering`, `connections_per_ip`, `connections_per_minute` or
    /// `max_connections`.
    package let by: String
    package let connections: Int
    package let last: String
    package let users: [String]
    package let rule: String?
    package let span: Provenance.Origin?
  }

  /// An address that is blocked, or blocked at other times.
  package struct Block: Encodable {
    package let address: String
    package let first: String
    package let blocks: Int
    package let failures: Int
    package let refused: Int
    package let endedSessions: Int
  }

  /// Lines that are not read, or not like the server's.
  struct Faults: Encodable {
    let broken: Int
    let cutOff: Int
    let foreign: Int
    let tooLong: Int
    let withCarriageReturn: Int
    let future: Int
    let unknownEvents: Int
    let emptyLogs: [String]
  }

  /// What the log does not tell.
  struct Unknown: Encodable {
    let perhapsBlocked: Int
    let unexplainedBlocks: Int
    let repeatedFailures: Int
    let fullServices: Int
    let closeDecisions: Int
    let lateLines: Int
    let sessionsWithoutLength: Int
  }

  package let formatVersion = 1
  package let connections: Int
  let unjudged: Int
  let unknown: Int
  let otherLines: Int
  let unreadableLines: Int
  package let affected: [Entry]
  package let blocked: [Block]
  package let noLongerBlocked: [String]
  let blockSeconds: Int
  let lines: Faults
  let notTold: Unknown

  package init(_ logs: AccessLogs) {
    let (replay, faults) = (logs.replay, logs.faults)
    connections = replay.connections
    unjudged = replay.unjudged + replay.unexplainedBlocks
    unknown = replay.unknown
    otherLines = replay.otherLines
    unreadableLines = faults.broken + faults.cutOff + faults.foreign + faults.tooLong
    affected = replay.affected.map {
      Entry(
        service: $0.service, peer: "\($0.peer)", verdict: $0.isAllowed ? "allowed" : "refused",
        by: $0.outcome.code,
        connections: $0.connections, last: $0.last, users: $0.users.sorted(), rule: $0.outcome.rule?.text,
        span: $0.place)
    }
    blocked = replay.newlyBlocked.map {
      Block(
        address: $0.prefix.short, first: $0.first, blocks: $0.blocks, failures: $0.failures,
        refused: $0.refusals, endedSessions: $0.endedSessions)
    }
    noLongerBlocked = replay.noLongerBlocked.map(\.short)
    blockSeconds = replay.blockSeconds
    lines = Faults(
      broken: faults.broken, cutOff: faults.cutOff, foreign: faults.foreign, tooLong: faults.tooLong,
      withCarriageReturn: faults.withCarriageReturn, future: faults.future,
      unknownEvents: replay.unknownEvents, emptyLogs: faults.empty)
    notTold = Unknown(
      perhapsBlocked: replay.perhapsBlocked, unexplainedBlocks: replay.unexplainedBlocks,
      repeatedFailures: replay.repeatedFailures, fullServices: replay.fullRefusals,
      closeDecisions: replay.closeDecisions, lateLines: replay.lateLines,
      sessionsWithoutLength: replay.withoutDuration)
  }
}
