import Glibc
import OceanCompiler
import OceanHost
import OceanControlAPI
import OceanPlan
import Synchronization

/// The confirmed plans of a server, in its state directory, and which plans must not run though a config may
/// say so.
///
/// `plans/000012.json` is a plan file in an envelope; the highest number is the plan that was confirmed last.
/// Files appear whole or not at all.
///
/// Copies share what was last read. A server has one store, so that it reads its plans whole once as it starts.
package struct PlanStore: Sendable {
  private static let most = 10
  /// The most plans of one decision, with lists that were applied one after the other.
  private static let maxLists = 4

  /// How a plan came to be the one that was confirmed last.
  enum Occasion {
    /// The server starts, or is reloaded. If only the lists differ it is the same decision: a list that
    /// changes every night must not push everything else out.
    case outside
    /// Somebody applied what runs already: from now on it is made from that, because a rollout's plan file is removed.
    case again
    /// Somebody applied the plan, and wanted other contents of these list files.
    case applied(lists: [String])
    /// Somebody went back, or forth, to a kept plan.
    case returned(to: Entry)
  }

  typealias Entry = KeptPlan

  private let state: String
  private var directory: String { KeptPlans.directory(in: state) }

  /// What was last read or written, for those who do not wait for files.
  private let known = Known()

  /// - Parameter state: the state directory.
  package init(state: String) {
    self.state = state
    known.note(withheld)
  }

  // MARK: - Confirmed plans

  /// What there is on disk.
  ///
  /// - Parameter isThorough: whether every file is read whole.
  func kept(isThorough: Bool = false) -> KeptPlans {
    let kept = KeptPlans(in: state, isThorough: isThorough)
    known.note(kept, isThorough)
    return kept
  }

  /// Keeps a plan as the one that was confirmed last, unless it is that already. If the one before differs
  /// only by certificates, or by lists that nobody applied, the new one takes its place, and its time.
  ///
  /// - Returns: the entry that is kept now.
  /// - Throws: why it could not be written; what was there stays.
  func confirm(
    _ file: PlanFile, from origin: PlanOrigin, at time: String, _ occasion: Occasion
  ) throws(Failure) -> Entry {
    let kept = kept()
    // Runs also where an earlier process was killed before it had removed them.
    defer {
      for old in ((try? KeptPlans.numbers(in: state)) ?? []).dropFirst(Self.most) {
        unlink(kept.path(of: old))
      }
    }
    if let known = kept.lastKnown, known.mark.plan == file.digest {
      try mend(known, file)
      guard case .again = occasion, known.source != origin.source else { return known }
      var entry = known
      entry.source = origin.source
      try write(entry, file)
      return entry
    }
    // What a damaged file held is not known: it is not replaced.
    let (last, readable) = (kept.last, kept.entries.first)
    let next = kept.lastNumber + 1
    do {
      if let file = kept.damaged.first(where: { $0.number == 0 })?.file { throw Failure(file.reason) }
      let (mark, decision) = (PlanIdentity(file), try file.decision)
      var entry = KeptPlan(
        number: next, path: kept.path(of: next), mark: mark, decision: decision, confirmed: time,
        source: origin.source, by: origin.author)
      var isReplacing = last?.isSame(mark, decision) == true
      switch occasion {
      case .outside, .again:
        isReplacing = last?.decision == decision
        if last == nil, let readable, readable.mark.plan == mark.plan { entry.returnedTo = readable.place }
      case .applied(let lists): entry.lists = lists
      case .returned(let other):
        entry.returnedTo = other.place
        entry.lists = other.lists
        entry.renewedFrom = other.renewals(by: file)
      }
      if let last, !isReplacing, entry.isListAlone(after: last) {
        entry.listsBefore = last.listsBefore.suffix(Self.maxLists - 1) + [last.number]
      }
      if isReplacing, let last {
        entry.listsBefore = last.listsBefore
        entry.confirmed = last.confirmed
        entry.by = last.by
        entry.returnedTo = last.returnedTo
        entry.lists = last.lists
        entry.since = last.since
        entry.renewedFrom = last.renewals(by: file)
      }
      try Files.makeDirectory(directory)
      try entry.write(file)
      if isReplacing, let last { unlink(last.path) }
      if !isReplacing, let first = last?.listsBefore.first, !entry.listsBefore.isEmpty,
        !entry.listsBefore.contains(first)
      {
        unlink(kept.path(of: first))
      }
      return entry
    } catch {
      throw Failure(
        "cannot keep the plan in \(directory): \(error.fileReason)")
    }
  }

  /// Writes a file again that is damaged, now that the plan in it is here.
  private func mend(_ entry: Entry, _ file: PlanFile) throws(Failure) {
    do { return try entry.verify(isThorough: true) } catch { known.note(mended: entry.number) }
    try write(entry, file)
  }

  private func write(_ entry: Entry, _ file: PlanFile) throws(Failure) {
    do {
      try entry.write(file)
    } catch {
      throw Failure("cannot keep the plan in \(directory): \(error.fileReason)")
    }
  }

  /// Writes what a change has to write.
  ///
  /// - Returns: the event that follows.
  func carryOut(_ write: ChangeWrite) -> ChangeEvent {
    do {
      switch write {
      case .keep(let plan, let origin, let time, let occasion):
        return .kept(try confirm(plan.file, from: origin, at: time, occasion))
      case .note(let withheld):
        try withhold(withheld)
        return .noted
      }
    } catch {
      return .notWritten("\(error)")
    }
  }

  // MARK: - Plans that are not to run

  /// Noted before it matters, so that a server that is killed, and starts again, knows.
  var withheld: WithheldPlans { WithheldPlans(in: state) }

  func withhold(_ withheld: WithheldPlans) throws(Failure) {
    let before = self.withheld
    guard withheld != before || before.trouble != nil else { return }
    do {
      try Files.makeDirectory(directory)
      try Files.writePrivately(try ControlAPI.encode(withheld), to: WithheldPlans.path(in: state))
      known.note(withheld)
    } catch {
      throw Failure(
        "cannot note in \(directory) which plan must not run: "
          + "\(error.fileReason)")
    }
  }

  // MARK: - What is known without reading

  /// The plans that were reverted.
  var knownTakenBack: [RevertedPlan] { known.state.takenBack }

  /// Files that were damaged when they were last read.
  var knownDamaged: [DamagedFile] { known.state.damaged.map(\.file) + [known.state.note].compactMap(\.self) }

  private final class Known: Sendable {
    struct State {
      var takenBack: [RevertedPlan] = []
      /// Why that is not known.
      var note: DamagedFile?
      var damaged: [KeptPlans.Damaged] = []
    }

    private let latest = Mutex(State())

    var state: State { latest.withLock { $0 } }

    func note(_ withheld: WithheldPlans) {
      latest.withLock { ($0.takenBack, $0.note) = (withheld.takenBack, withheld.trouble) }
    }

    func note(mended number: Int) {
      latest.withLock { $0.damaged.removeAll { $0.number == number } }
    }

    /// What only a thorough look shows stays known as long as the file is there.
    func note(_ kept: KeptPlans, _ isThorough: Bool) {
      latest.withLock { state in
        let found = Set(kept.damaged.map(\.number))
        let hidden = state.damaged.filter { damaged in
          !isThorough && !found.contains(damaged.number) && kept.numbers.contains(damaged.number)
        }
        state.damaged = (kept.damaged + hidden).sorted { $0.number > $1.number }
      }
    }
  }
}

extension KeptPlan {
  /// Whether it differs from the last one by the contents of the same list files alone.
  fileprivate func isListAlone(after last: KeptPlan) -> Bool {
    last.decision == decision && returnedTo == nil && last.returnedTo == nil
      && Set(last.lists).isSubset(of: lists)
  }
}
