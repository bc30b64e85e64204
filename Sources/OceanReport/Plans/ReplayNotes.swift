import OceanCompiler
import OceanHost
import OceanReplay

/// What a replay does not cover, in sentences: lines that could not be read, and what no line tells.
struct ReplayNotes {
  private let replay: Replay
  private let faults: AccessLogs.Faults

  init(_ logs: AccessLogs) {
    replay = logs.replay
    faults = logs.faults
  }

  /// Connections that are not judged, and lines that are not like the server's.
  var unread: [String] {
    var notes: [String] = []
    func note(_ count: Int, _ text: @autoclosure () -> String) {
      if count > 0 { notes.append(text()) }
    }
    note(
      replay.unjudged,
      "not compared: \(replay.unjudged) more, refused by limits before login or a missing PROXY header")
    note(
      replay.unexplainedBlocks,
      "not compared: \(replay.unexplainedBlocks) more, refused by blocks whose failures the log does not have, or not "
        + "the passwords of")
    note(
      replay.unknown,
      "not judged: \(replay.unknown) more, which came through a proxy to a service that there is not; --baseline tells "
        + "which one has its place")
    if faults.broken > 0 {
      let more =
        faults.broken > faults.places.count ? ", and \(faults.broken - faults.places.count) more" : ""
      notes.append(
        "not read: \(counted(faults.broken, "broken line")), \(faults.places.joined(separator: ", "))\(more)")
    }
    note(faults.cutOff, "not read: \(counted(faults.cutOff, "last line")) cut off")
    note(faults.tooLong, "not read: \(counted(faults.tooLong, "line")) of more than 64 KiB")
    note(
      faults.foreign,
      "not read: \(counted(faults.foreign, "line")) with other fields, as of another program, the first "
        + (faults.foreignPlace ?? ""))
    note(
      replay.unknownEvents,
      "not read: \(counted(replay.unknownEvents, "event")) of a kind this version does not know")
    note(
      faults.withCarriageReturn,
      "read all the same: \(counted(faults.withCarriageReturn, "line")) ending in CR LF")
    note(
      faults.future, "read all the same: \(counted(faults.future, "line")) with times that are still to come")
    if !faults.empty.isEmpty { notes.append("empty: \(faults.empty.joined(separator: ", "))") }
    return notes
  }

  /// What blocks and limits depend on and the log does not tell.
  var unknown: [String] {
    var notes: [String] = []
    func note(_ count: Int, _ text: @autoclosure () -> String) {
      if count > 0 { notes.append(text()) }
    }
    note(
      replay.perhapsBlocked,
      "whether \(replay.perhapsBlocked) more of its addresses would be blocked: a wrong password that is repeated counts "
        + "once, and the log has no passwords")
    note(
      replay.repeatedFailures,
      "\(counted(replay.repeatedFailures, "failed login")) counted as repetitions: same address, same user")
    note(
      replay.fullRefusals,
      "\(counted(replay.fullRefusals, "connection")) found the service full: others before login may have given way"
    )
    note(
      replay.closeDecisions,
      "\(counted(replay.closeDecisions, "connection")) let in as another one ended in the same moment")
    note(
      replay.lateLines,
      "\(counted(replay.lateLines, "line")) came too late to be put in order: counts before were too low")
    note(
      replay.withoutDuration,
      "\(counted(replay.withoutDuration, "session")) without their length: counted as if they had ended at once"
    )
    note(replay.refusals, "what clients would have done after \(counted(replay.refusals, "refusal"))")
    notes.append("failed logins and blocks before its first line, and sessions that were open after its last")
    notes.append("how many connections had not logged in yet (prelogin_connections)")
    notes.append(
      "whether its users have accounts that may log in from there (accounts, allow_nets), and max_login_attempts"
    )
    return notes
  }
}
