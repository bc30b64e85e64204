package import OceanCompiler
package import OceanPlan

/// The confirmed plans that a server keeps in its state directory, as they are on disk.
///
/// `plans/000012.json` is a plan file with a line before it; the highest number is the last that was confirmed. What cannot
/// be used is named, and never taken for something that is not there.
package struct KeptPlans: Sendable {
  package struct Damaged: Sendable {
    /// 0 for the directory itself.
    package let number: Int
    package let file: DamagedFile
    /// What its first line says; nil if that cannot be read either.
    package let entry: KeptPlan?
  }

  /// The newest first; without those whose files are damaged.
  package private(set) var entries: [KeptPlan] = []
  /// The newest first.
  package private(set) var damaged: [Damaged] = []
  /// The numbers of all files, the newest first.
  package private(set) var numbers: [Int] = []

  let directory: String

  package init() { directory = "" }

  /// - Parameters:
  ///   - state: the state directory.
  ///   - isThorough: whether every file is read whole; otherwise its first line and its length are looked at.
  package init(in state: String, isThorough: Bool) {
    directory = Self.directory(in: state)
    do {
      numbers = try Self.numbers(in: state)
    } catch .missing {
      // Nothing was ever kept.
    } catch {
      damaged = [Damaged(number: 0, file: DamagedFile(path: directory, reason: error.reason), entry: nil)]
    }
    for number in numbers {
      let path = path(of: number)
      var entry: KeptPlan?
      do {
        let found = try KeptPlan(number, at: path)
        entry = found
        try found.verify(isThorough: isThorough)
        entries.append(found)
      } catch {
        damaged.append(
          Damaged(
            number: number, file: DamagedFile(path: path, reason: error.fileReason), entry: entry))
      }
    }
  }

  package static func directory(in state: String) -> String { state + "/plans" }

  /// The numbers of the files that are there, the newest first. No file is read.
  package static func numbers(in state: String) throws(FileAccess.ReadError) -> [Int] {
    try Files.listing(directory(in: state))
      .compactMap { $0.hasSuffix(".json") ? Int($0.dropLast(5)) : nil }
      .filter { $0 > 0 }.sorted(by: >)
  }

  package func path(of number: Int) -> String {
    let digits = String(number)
    return "\(directory)/\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits).json"
  }

  /// The number of the last plan that was confirmed, be its file damaged or not; 0 if there is none.
  package var lastNumber: Int { numbers.first ?? 0 }

  /// Whether no plan was ever confirmed.
  package var isEmpty: Bool { entries.isEmpty && damaged.isEmpty }

  /// The plan that was confirmed last; nil if there is none, or its file is damaged.
  package var last: KeptPlan? {
    entries.first.flatMap { entry in entry.number == lastNumber && !isUnlisted ? entry : nil }
  }

  /// Whether the directory cannot be read, so that nothing is known of what is in it.
  package var isUnlisted: Bool { damaged.contains { $0.number == 0 } }

  /// Which plan was confirmed last, where that is known; its file may be damaged.
  package var lastKnown: KeptPlan? {
    last ?? damaged.first.flatMap { $0.number == lastNumber ? $0.entry : nil }
  }

  /// The file of a plan was found to be damaged when it was read.
  package mutating func leaveOut(_ entry: KeptPlan, _ reason: String) {
    entries.removeAll { $0.number == entry.number }
    let index = damaged.firstIndex { $0.number < entry.number } ?? damaged.endIndex
    damaged.insert(
      Damaged(number: entry.number, file: DamagedFile(path: entry.path, reason: reason), entry: entry),
      at: index)
  }
}
