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
struct PlanStore {
  private static let most = 10
  /// The most plans of one decision, with lists that were applied one after the other.
  private static let mostLists = 4

  /// How a plan came to be the one that was confirmed last.
  enum Occasion {
    /// The server starts, or is reloaded. If only the lists differ it is the same decision: a list that
    /// changes every night must not push everything else out.
    case outside
    /// Somebody applied the plan, and wanted other contents of these list files.
    case applied(lists: [String])
    /// Somebody went back, or forth, to a kept plan.
    case returned(to: Entry)
  }

  /// The facts about a plan that are kept on the line before it.
  fileprivate struct Envelope: Codable {
    var formatVersion = 1
    var mark: PlanMark
    var decision: Digest
    /// RFC 3339, UTC.
    var confirmed: String
    var source: String
    var returnedTo: Int?
    var lists: [String]
    /// The numbers of the plans right before this one that differ only by the contents of these lists, the
    /// oldest first.
    var listsBefore: [Int] = []
    /// The number that the decision got first: it gets another with other certificates, or a list of the
    /// night.
    var since: Int

    /// Whether this plan differs from the last one only by the contents of the same list files.
    func isListAlone(after last: Entry, _ decision: Digest) -> Bool {
      last.decision == decision && returnedTo == nil && last.returnedTo == nil
        && Set(last.lists).isSubset(of: lists)
    }
  }

  /// A confirmed plan.
  struct Entry {
    let number: Int
    let mark: PlanMark
    /// Names the plan without today's lists and certificates.
    let decision: Digest
    /// RFC 3339, UTC.
    let confirmed: String
    /// What the plan was made from.
    let source: String
    /// The number that the plan had before a rollback brought it back; nil for any other plan.
    let returnedTo: Int?
    /// The list files whose contents were changed by the person who applied the plan, as absolute paths:
    /// going back from it changes them back.
    let lists: [String]
    /// The numbers of the plans right before this one that differ only by these lists.
    fileprivate let listsBefore: [Int]
    /// The number that the decision got first. It stays when certificates are renewed or a list changes at
    /// night.
    let since: Int

    /// The number that this plan counts as: the plans before that number are before this plan.
    var place: Int { returnedTo ?? number }

    fileprivate init(_ number: Int, _ envelope: Envelope) {
      self.number = number
      mark = envelope.mark
      decision = envelope.decision
      confirmed = envelope.confirmed
      source = envelope.source
      returnedTo = envelope.returnedTo
      lists = envelope.lists
      listsBefore = envelope.listsBefore
      since = envelope.since
    }

    /// Whether a plan differs only by its certificates.
    func isSame(_ mark: PlanMark, _ decision: Digest) -> Bool {
      self.decision == decision && self.mark.lists == mark.lists
    }
  }

  private let directory: String

  /// The reverted plans, as last read or written.
  private let takenBack = TakenBack()

  init(state: String) {
    directory = state + "/plans"
    takenBack.set(withheld.takenBack)
  }

  // MARK: - Confirmed plans

  /// The numbers of the confirmed plans, the newest first.
  private var numbers: [Int] {
    Files.names(in: directory)
      .compactMap { $0.hasSuffix(".json") ? Int($0.dropLast(5)) : nil }
      .sorted(by: >)
  }

  private func path(_ number: Int) -> String {
    let digits = String(number)
    return "\(directory)/\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits).json"
  }

  /// The confirmed plans, the newest first, without those whose files are damaged.
  var entries: [Entry] { numbers.compactMap(entry) }

  /// The number of the plan that was confirmed last, even if its file is damaged; 0 if there is no such plan.
  var lastNumber: Int { numbers.first ?? 0 }

  /// The plan that was confirmed last.
  var last: Entry? { numbers.lazy.compactMap(entry).first }

  /// Keeps a plan as the one that was confirmed last, unless it is that already. If the one before differs
  /// only by certificates, or by lists that nobody applied, the new one takes its place, and its time.
  ///
  /// - Returns: the entry that is kept now.
  /// - Throws: why it could not be written; what was there stays.
  func confirm(
    _ file: PlanFile, source: String, at time: String, _ occasion: Occasion
  ) throws(Failure) -> Entry {
    let last = last
    // Runs also where an earlier process was killed before it had removed them.
    defer { for old in numbers.dropFirst(Self.most) { unlink(path(old)) } }
    if let last, last.mark.plan == file.digest { return last }
    let next = lastNumber + 1
    let entry: Entry
    do {
      let (mark, decision) = (PlanMark(file), try file.decision)
      var envelope = Envelope(
        mark: mark, decision: decision, confirmed: time, source: source, lists: [], since: next)
      var isReplacing = last?.isSame(mark, decision) == true
      switch occasion {
      case .outside: isReplacing = last?.decision == decision
      case .applied(let lists): envelope.lists = lists
      case .returned(let entry):
        envelope.returnedTo = entry.place
        envelope.lists = entry.lists
      }
      if let last, !isReplacing, envelope.isListAlone(after: last, decision) {
        envelope.listsBefore = last.listsBefore.suffix(Self.mostLists - 1) + [last.number]
      }
      if isReplacing, let last {
        envelope.listsBefore = last.listsBefore
        envelope.confirmed = last.confirmed
        envelope.returnedTo = last.returnedTo
        envelope.lists = last.lists
        envelope.since = last.since
      }
      entry = Entry(next, envelope)
      try Files.makeDirectory(directory)
      try Files.writePrivately(try ControlAPI.encode(envelope) + (try file.json), to: path(next))
      if isReplacing, let last { unlink(path(last.number)) }
      if !isReplacing, let first = last?.listsBefore.first, !envelope.listsBefore.isEmpty,
        !envelope.listsBefore.contains(first)
      {
        unlink(path(first))
      }
    } catch {
      throw Failure(
        "cannot keep the plan in \(directory): \(error.fileReason)")
    }
    return entry
  }

  /// Writes what a change has to write.
  ///
  /// - Returns: the event that follows.
  func carryOut(_ write: ChangeWrite) -> ChangeEvent {
    do {
      switch write {
      case .keep(let plan, let source, let time, let occasion):
        return .kept(try confirm(plan.file, source: source, at: time, occasion))
      case .note(let withheld):
        try withhold(withheld)
        return .noted
      }
    } catch {
      return .notWritten("\(error)")
    }
  }

  /// Reads the plan itself.
  func file(of entry: Entry) throws(Failure) -> PlanFile {
    let path = path(entry.number)
    do {
      let bytes = try Files.read(path, limit: Files.planLimit)
      return try PlanFile(json: Array(bytes.drop { $0 != UInt8(ascii: "\n") }))
    } catch {
      throw Failure("\(path) cannot be used: \(error.fileReason)")
    }
  }

  /// Reads an entry; nil if its file is damaged. The plan itself may be long, and is not read.
  private func entry(_ number: Int) -> Entry? {
    guard let line = try? Files.readLine(path(number), limit: 1 << 20),
      let envelope = try? ControlAPI.decode(Envelope.self, from: line)
    else { return nil }
    return Entry(number, envelope)
  }

  // MARK: - Withheld plans

  private var withheldPath: String { directory + "/withheld" }

  /// The withheld plans. They are noted before it matters, so that a server that is killed, and starts again,
  /// knows.
  var withheld: WithheldPlans {
    var result = WithheldPlans()
    do {
      result = try ControlAPI.decode(WithheldPlans.self, from: try Files.read(withheldPath, limit: 1 << 20))
    } catch FileAccess.ReadError.missing {
      // Nothing was ever reverted.
    } catch {
      result.trouble = "\(withheldPath) cannot be used: \(error.fileReason)"
    }
    return result
  }

  func withhold(_ withheld: WithheldPlans) throws(Failure) {
    let before = self.withheld
    guard withheld != before || before.trouble != nil else { return }
    do {
      try Files.makeDirectory(directory)
      try Files.writePrivately(try ControlAPI.encode(withheld), to: withheldPath)
      takenBack.set(withheld.takenBack)
    } catch {
      throw Failure(
        "cannot note in \(directory) which plan is not to run: "
          + "\(error.fileReason)")
    }
  }

  /// The reverted plans, as this process knows them: no file is read.
  var knownTakenBack: [TakenBackPlan] { takenBack.plans }

  private final class TakenBack: Sendable {
    private let latest = Mutex<[TakenBackPlan]>([])

    var plans: [TakenBackPlan] { latest.withLock { $0 } }
    func set(_ plans: [TakenBackPlan]) { latest.withLock { $0 = plans } }
  }
}
