import Glibc
import OceanCompiler
import OceanPlan

/// The confirmed plans of a server, and the one that waits to be confirmed, in its state directory.
///
/// `plans/000012.json` is a plan file in an envelope; the highest number is the last that was confirmed. `plans/pending`
/// names a plan that is not confirmed, or was taken back: it is there before that plan runs, so that a server that starts
/// again knows. Files appear whole or not at all.
struct PlanStore {
  /// Beyond these the oldest go.
  private static let most = 10

  /// What is kept beside a plan.
  private struct Envelope: Codable {
    var formatVersion = 1
    /// RFC 3339, UTC.
    var confirmed: String
    var source: String
  }

  private let directory: String

  init(state: String) { directory = state + "/plans" }

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

  /// Keeps a plan as the last that was confirmed, unless it is that already.
  ///
  /// - Throws: why it could not be written; what was there stays.
  func confirm(_ file: PlanFile, source: String, at time: String) throws(CommandError) {
    if let last = numbers.first, (try? read(last))?.file.digest == file.digest { return }
    let next = (numbers.first ?? 0) + 1
    do {
      try Files.makeDirectory(directory)
      let envelope = try ControlAPI.encode(Envelope(confirmed: time, source: source))
      try Files.writePrivately(envelope + (try file.json), to: path(next))
    } catch {
      throw CommandError(
        "cannot keep the plan in \(directory): \((error as? FileAccess.ReadError)?.reason ?? "\(error)")")
    }
    for old in numbers.dropFirst(Self.most) { unlink(path(old)) }
  }

  /// A confirmed plan.
  ///
  /// - Parameter steps: 0 is the last, 1 the one before.
  func confirmed(_ steps: Int) throws(CommandError) -> (file: PlanFile, source: String) {
    let numbers = numbers
    guard numbers.indices.contains(steps) else {
      throw CommandError(
        numbers.isEmpty
          ? "no plan was confirmed yet"
          : "there is no plan \(steps) back: 'ocean history' lists \(counted(numbers.count, "plan"))")
    }
    let (file, envelope) = try read(numbers[steps])
    return (file, envelope.source)
  }

  var history: PlanHistory {
    PlanHistory(
      plans: numbers.compactMap { number in
        guard let (file, envelope) = try? read(number) else { return nil }
        return PlanHistory.Entry(digest: file.digest, confirmed: envelope.confirmed, source: envelope.source)
      })
  }

  private func read(_ number: Int) throws(CommandError) -> (file: PlanFile, envelope: Envelope) {
    let path = path(number)
    do {
      let bytes = try Files.read(path, limit: Files.planLimit)
      let end = (bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex - 1) + 1
      return (
        try PlanFile(json: Array(bytes[end...])),
        try ControlAPI.decode(Envelope.self, from: Array(bytes[..<end]))
      )
    } catch {
      throw CommandError("\(path) cannot be used: \((error as? FileAccess.ReadError)?.reason ?? "\(error)")")
    }
  }

  // MARK: - The plan that waits

  private var pendingPath: String { directory + "/pending" }

  /// What a plan that waits, or was taken back, is known by.
  ///
  /// The same config with another list or certificate is another plan and the same decision: it is known by its text, too.
  struct Mark: Equatable, Sendable {
    fileprivate let digest: Digest
    /// Nil for a plan that was made from no config that is known.
    fileprivate let config: Digest?

    init(_ file: PlanFile) {
      digest = file.digest
      let texts = file.inputs.filter { $0.role == .config }.map { "\($0.sha256.map { "\($0)" } ?? "-")\n" }
      config = texts.isEmpty ? nil : Digest(of: Array(texts.sorted().joined().utf8))
    }

    fileprivate init?(_ text: String) {
      let digests = text.split(separator: "\n").map { Digest(text: String($0)) }
      guard let digest = digests.first.flatMap(\.self) else { return nil }
      self.digest = digest
      config = digests.dropFirst().first.flatMap(\.self)
    }

    fileprivate var text: String { "\(digest)\n" + (config.map { "\($0)\n" } ?? "") }

    func means(_ file: PlanFile) -> Bool {
      let other = Mark(file)
      return digest == other.digest || config != nil && config == other.config
    }
  }

  /// The plan that was applied and not confirmed, or was taken back; nil if there is none.
  var pending: Mark? {
    guard let bytes = try? Files.read(pendingPath, limit: 1024) else { return nil }
    return Mark(String(decoding: bytes, as: UTF8.self))
  }

  /// - Parameter mark: nil for none.
  func setPending(_ mark: Mark?) throws(CommandError) {
    guard let mark else { return clearPending() }
    do {
      try Files.makeDirectory(directory)
      try Files.writePrivately(Array(mark.text.utf8), to: pendingPath)
    } catch {
      throw CommandError("cannot note in \(directory) that the plan is to be confirmed: \(error.reason)")
    }
  }

  func clearPending() { unlink(pendingPath) }
}
