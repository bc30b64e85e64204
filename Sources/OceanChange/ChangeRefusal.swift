import OceanControlAPI
import OceanHost
import OceanPlan
import OceanReport

/// Why a change is refused. Nothing was changed.
enum ChangeRefusal: Error, Equatable, CustomStringConvertible {
  /// Too many other changes wait for their turn.
  case busy
  case nothingRuns
  /// The change was made for a different plan from the one that runs.
  case stale(running: Digest, expected: Digest)
  /// Another plan waits to be confirmed.
  case waiting(Digest)
  /// The plan itself waits to be confirmed, and was applied again without a time.
  case waitingItself(Digest, until: String)
  case nothingWaits
  case notThatOne(waiting: Digest)
  case confirmSeconds
  case stepsAndPlan
  case steps
  /// - Parameter list: the list file that was reverted, nil for the config.
  case takenBack(list: String?)
  case unknownTakenBack(reason: DamagedFile)
  /// - Parameter isLast: whether no plan is further back.
  case alreadyTakenBack(RevertedPlan, running: Digest, isLast: Bool)
  /// How many plans back a plan is, or when it ran, is not known.
  case unknownSteps(DamagedFile)
  /// A sentence: why something the change needs cannot be read or written.
  case failed(String)

  var description: String { text(for: ServerName(socket: nil, config: nil)) }

  /// The reason in words.
  ///
  /// - Parameter server: the server that refuses, for the commands that are advised.
  func text(for server: ServerName) -> String {
    switch self {
    case .busy: "too many changes wait for their turn; try again later"
    case .nothingRuns: "no plan is running"
    case .stale(let running, let expected):
      "the running plan is \(running.short), and this one was made for \(expected.short): "
        + "look at 'ocean plan' again"
    case .waiting(let digest):
      "plan \(digest.short) waits to be confirmed: "
        + "'\(server.confirm(digest))' or '\(server.rollback(nil))' first"
    case .waitingItself(let digest, let time):
      "plan \(digest.short) is running already, and waits to be confirmed until "
        + "\(time): '\(server.confirm(digest))' keeps it"
    case .nothingWaits: "no plan waits to be confirmed"
    case .notThatOne(let digest): "the plan that waits to be confirmed is \(digest.short)"
    case .confirmSeconds: "confirm_seconds must be a number from 1 to 86400"
    case .stepsAndPlan: "either steps or a plan can be given, not both"
    case .steps: "the number of plans to go back must be from 1 to 1000"
    case .takenBack(nil): "this config was reverted; '\(server.apply())' applies it all the same"
    case .takenBack(let list?):
      "what is in the address list \(list) was reverted; '\(server.apply())' applies it all the same"
    case .unknownTakenBack(let reason):
      "it is not known which plans were reverted, because \(reason); '\(server.apply())' applies this config all the same"
    case .alreadyTakenBack(let taken, let running, let isLast):
      "\(taken.mark.plan.short) was already reverted at \(taken.at), and \(running.short) runs"
        + (isLast ? "" : ": '\(server.command("rollback 1"))' goes further back")
    case .unknownSteps(let file):
      "it is not known how many plans back that is, as \(file): name a plan that '\(server.command("history"))' lists"
    case .failed(let reason): reason
    }
  }
}
