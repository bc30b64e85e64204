package import Logging
import OceanCompiler
package import OceanHost
import OceanAddresses
import OceanControlAPI
import OceanPlan
import OceanReport

extension PreparedPlan {
  /// What is to run: the plan, unless it was applied and not confirmed, or reverted, or breaks an expectation; then
  /// the last one that was confirmed and can be used. Reads all plans that are kept, and logs which of their files
  /// are damaged.
  package func orLastConfirmed(_ store: PlanStore, _ logger: Logger) throws(Failure) -> PreparedPlan {
    let (mark, withheld) = (PlanIdentity(file), store.withheld)
    var kept = store.kept(isThorough: true)
    for damaged in kept.damaged { logger.error("\(damaged.file.sentence)") }
    if let trouble = withheld.trouble {
      logger.error("it is not known which plans were reverted, because \(trouble)")
    }
    while true {
      switch withheld.start(wanting: mark, isSound: unmetExpectations.isEmpty, kept) {
      case .wanted: return try holdingLists(kept, withheld, logger)
      case .nothing: throw nothingToRun(withheld, kept)
      case .kept(let entry, let isAsItRan):
        let file: PlanFile
        do {
          file = try entry.file
        } catch {
          kept.leaveOut(entry, error.message)
          logger.error("\(error.message)")
          continue
        }
        let last =
          isAsItRan
          ? try PreparedPlan(renewing: file, from: plan)
          : try file.refreshed(from: plan, lists: ListChoice(withheld: withheld.lists)) {
            logger.warning("\($0)")
          }
        let complete = try last.completed(from: plan, identities)
        logger.warning(
          "\(reason(withheld)): running \(complete.file.digest.short), \(kept.words(for: entry))")
        for path in complete.file.otherLists { logger.warning("\(ListNote.text(path))") }
        return complete
      }
    }
  }

  /// The plan with usable lists. A list file that cannot be used, or does not keep its bounds, gives way to what
  /// a confirmed plan has of it: the server must not stay down because of it, nor let in whom it has refused.
  private func holdingLists(
    _ kept: KeptPlans, _ withheld: WithheldPlans, _ logger: Logger
  ) throws(Failure) -> PreparedPlan {
    var faults = file.rules.brokenBounds.mapValues { $0.sentence(about: "it") }
    // A list that expectations alone name decides about nobody.
    let decisive = Set(file.rules.listFiles.keys)
    faults.merge(unusableLists.filter { decisive.contains($0.key) }) { $1 }
    guard !faults.isEmpty else { return self }
    let (bounds, reverted) = (file.rules.listBounds, withheld.lists)
    var (contents, digests) = ([String: ListContents](), [String: Digest]())
    var held: [ServerStatus.HeldList] = []
    for entry in kept.entries {
      guard !faults.isEmpty, let old = try? entry.file else { continue }
      for (path, list) in old.rules.listFiles.sorted(by: { $0.key < $1.key }) {
        guard let reason = faults[path], bounds[path]?.breaches(by: list.rules).isEmpty != false,
          !reverted.contains(.init(path: path, addresses: list.digest))
        else { continue }
        faults[path] = nil
        contents[path] = list
        digests[path] = old.inputs.first { $0.path == path }?.sha256
        held.append(.init(path: path, reason: reason, plan: old.digest, confirmed: entry.confirmed))
        logger.error(
          "the address list \(path) is not used, because \(reason): its entries are those of plan \(old.digest.short), confirmed at \(entry.confirmed)"
        )
      }
    }
    if let (path, reason) = faults.min(by: { $0.key < $1.key }) {
      throw Failure(
        "the address list \(path) cannot be used, because \(reason); and no confirmed plan has "
          + "entries to run in their place")
    }
    var result = try replacingLists(digests) { contents[$0] }
    result.unusableLists = [:]
    result.inputs = nil
    result.heldLists = held
    return result
  }

  private func reason(_ withheld: WithheldPlans) -> String {
    guard withheld.contains(PlanIdentity(file)) else {
      return
        "plan \(file.digest.short) breaks what is expected at \(unmetExpectations.joined(separator: ", "))"
    }
    return withheld.trouble == nil
      ? "plan \(file.digest.short) was not confirmed, or was reverted"
      : "plan \(file.digest.short) may have been reverted"
  }

  /// Mail is not served: what the config says must not run, and nobody knows what may.
  private func nothingToRun(_ withheld: WithheldPlans, _ kept: KeptPlans) -> Failure {
    let note = WithheldPlans.path(in: plan.server.state)
    let files = kept.damaged.map(\.file.description) + [withheld.trouble?.description].compactMap(\.self)
    let causes = files.isEmpty ? "no plan was confirmed yet" : files.joined(separator: "; ")
    return Failure(
      "\(reason(withheld)), and there is no confirmed plan to run in its place: \(causes)\n"
        + "Change the config, or run it as it is, as if nothing had been reverted: "
        + "mv \(shellWord(note)) \(shellWord(note + ".old"))")
  }
}

extension KeptPlans {
  /// Which of the plans it is, for people.
  fileprivate func words(for entry: KeptPlan) -> String {
    entry.number == lastNumber
      ? "the last that was confirmed"
      : "confirmed at \(entry.confirmed), the last that was confirmed, can be used and was not reverted"
  }
}

extension DamagedFile {
  /// For the log.
  var sentence: String { "what is kept of a confirmed plan is damaged: \(self)" }
}
