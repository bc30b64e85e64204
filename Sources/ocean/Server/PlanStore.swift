import Glibc
import OceanCompiler
import OceanPlan
import Synchronization

/// The confirmed plans of a server, in its state directory, and which plans are not to run though a config may say so.
///
/// `plans/000012.json` is a plan file in an envelope; the highest number is the last that was confirmed. Files appear
/// whole or not at all.
struct PlanStore {
  /// Beyond these the oldest go.
  private static let most = 10

  /// What is kept of a plan on the line before it.
  fileprivate struct Envelope: Codable {
    var formatVersion = 1
    var mark: PlanMark
    var decision: Digest
    /// RFC 3339, UTC.
    var confirmed: String
    var source: String
    var returnedTo: Int?
  }

  /// A confirmed plan.
  struct Entry {
    let number: Int
    let mark: PlanMark
    /// What it is without today's lists and certificates.
    let decision: Digest
    /// RFC 3339, UTC.
    let confirmed: String
    /// What it was made from.
    let source: String
    /// Of a plan that a rollback brought back: the number that it had.
    let returnedTo: Int?

    /// What is before this place is before it.
    var place: Int { returnedTo ?? number }

    fileprivate init(_ number: Int, _ envelope: Envelope) {
      self.number = number
      mark = envelope.mark
      decision = envelope.decision
      confirmed = envelope.confirmed
      source = envelope.source
      returnedTo = envelope.returnedTo
    }
  }

  private let directory: String

  /// What was last read or written of those that were taken back.
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

  /// The newest first; without those whose files are damaged.
  var entries: [Entry] { numbers.compactMap(entry) }

  /// The last that was confirmed.
  var last: Entry? { numbers.lazy.compactMap(entry).first }

  /// Keeps a plan as the last that was confirmed, unless it is that already. In the place of one that is the same decision,
  /// with another list or certificate: a list that changes every night must not push everything else out.
  ///
  /// - Parameter place: of the plan that it was before, if it was brought back.
  /// - Returns: what is kept now.
  /// - Throws: why it could not be written; what was there stays.
  func confirm(
    _ file: PlanFile, source: String, at time: String, place: Int? = nil
  ) throws(CommandError) -> Entry {
    let last = last
    if let last, last.mark.plan == file.digest { return last }
    let next = (numbers.first ?? 0) + 1
    let entry: Entry
    do {
      let decision = try file.decision
      let replaced = last.flatMap { $0.decision == decision ? $0 : nil }
      let envelope = Envelope(
        mark: PlanMark(file), decision: decision, confirmed: time, source: source,
        returnedTo: replaced?.returnedTo ?? place)
      entry = Entry(next, envelope)
      try Files.makeDirectory(directory)
      try Files.writePrivately(try ControlAPI.encode(envelope) + (try file.json), to: path(next))
      if let replaced { unlink(path(replaced.number)) }
    } catch {
      throw CommandError(
        "cannot keep the plan in \(directory): \(error.fileReason)")
    }
    for old in numbers.dropFirst(Self.most) { unlink(path(old)) }
    return entry
  }

  /// The plan itself.
  func file(of entry: Entry) throws(CommandError) -> PlanFile {
    let path = path(entry.number)
    do {
      let bytes = try Files.read(path, limit: Files.planLimit)
      return try PlanFile(json: Array(bytes.drop { $0 != UInt8(ascii: "\n") }))
    } catch {
      throw CommandError("\(path) cannot be used: \(error.fileReason)")
    }
  }

  /// Nil for a file that is damaged. The plan itself may be long, and is not read.
  private func entry(_ number: Int) -> Entry? {
    guard let line = try? Files.readLine(path(number), limit: 1 << 16),
      let envelope = try? ControlAPI.decode(Envelope.self, from: line)
    else { return nil }
    return Entry(number, envelope)
  }

  // MARK: - Plans that are not to run

  /// What a restart and a reload do not run, though a config says so. Noted before it matters, so that a server that is
  /// killed, and starts again, knows.
  struct Withheld: Codable {
    /// Runs, and is not confirmed.
    var waiting: Waiting?
    /// The newest first.
    var takenBack: [TakenBackPlan] = []

    struct Waiting: Codable {
      var mark: PlanMark
      /// What it was made from.
      var source: String
    }

    func contains(_ mark: PlanMark) -> Bool {
      waiting?.mark.means(mark) == true || takenBack.contains { $0.mark.means(mark) }
    }

    /// - Parameter plan: none that waits any more.
    mutating func takeBack(_ plan: TakenBackPlan) {
      waiting = nil
      bringBack(plan.mark)
      takenBack = [plan] + takenBack.prefix(PlanStore.most - 1)
    }

    mutating func bringBack(_ mark: PlanMark) { takenBack.removeAll { $0.mark.means(mark) } }
  }

  private var withheldPath: String { directory + "/withheld" }

  var withheld: Withheld {
    guard let bytes = try? Files.read(withheldPath, limit: 1 << 20) else { return Withheld() }
    return (try? ControlAPI.decode(Withheld.self, from: bytes)) ?? Withheld()
  }

  func withhold(_ withheld: Withheld) throws(CommandError) {
    guard withheld.waiting != nil || !withheld.takenBack.isEmpty else { return release() }
    do {
      try Files.makeDirectory(directory)
      try Files.writePrivately(try ControlAPI.encode(withheld), to: withheldPath)
      takenBack.set(withheld.takenBack)
    } catch {
      throw CommandError(
        "cannot note in \(directory) which plan is not to run: "
          + "\(error.fileReason)")
    }
  }

  /// Withholds nothing any more.
  func release() {
    unlink(withheldPath)
    takenBack.set([])
  }

  /// The plans that were taken back, as this process knows them: no file is read.
  var knownTakenBack: [TakenBackPlan] { takenBack.plans }

  private final class TakenBack: Sendable {
    private let latest = Mutex<[TakenBackPlan]>([])

    var plans: [TakenBackPlan] { latest.withLock { $0 } }
    func set(_ plans: [TakenBackPlan]) { latest.withLock { $0 = plans } }
  }
}
