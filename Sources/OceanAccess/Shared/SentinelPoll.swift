package import OceanPlan

/// What Sentinels answer when they are asked, all at the same time, where a master is.
///
/// What most of them name is believed: one that was cut off from the others may still name the master of before.
package struct SentinelPoll: Sendable {
  private enum Answer: Sendable {
    case named(EnginePlace)
    /// Half a sentence: why it names nothing.
    case nothing(String)
  }

  private let master: String
  private let sentinels: [EnginePlace]
  private var answers: [Answer?]

  package init(_ settings: Plan.SharedState.Sentinel) {
    (master, sentinels) = (settings.master, settings.at)
    answers = Array(repeating: nil, count: sentinels.count)
  }

  /// The command that each of them is asked.
  package var question: [String] { ["SENTINEL", "get-master-addr-by-name", master] }

  /// Takes what one of them answered to the question.
  ///
  /// - Parameter index: its place in the settings.
  package mutating func take(_ answer: RESPValue, from index: Int) {
    guard answers.indices.contains(index) else { return }
    answers[index] = read(answer, of: sentinels[index])
  }

  /// Notes that one of them gave no answer.
  package mutating func failed(_ error: BackendError, at index: Int) {
    guard answers.indices.contains(index) else { return }
    answers[index] = .nothing(error.reason)
  }

  private func read(_ answer: RESPValue, of sentinel: EnginePlace) -> Answer {
    switch answer {
    case .null: return .nothing("it knows no master of that name")
    case .error(let text) where text.contains("IDONTKNOW"): return .nothing("it knows no master of that name")
    case .error(let text) where text.contains("unknown command"): return .nothing("it is not a Sentinel")
    case .error: return .nothing(SharedStateError.answer(answer, "").reason)
    case .list(let parts) where parts.count == 2:
      guard let host = parts[0].string, let number = parts[1].int,
        let place = EnginePlace(host: host, port: Int(clamping: number))
      else { return .nothing("what it names is not the place of an engine") }
      // Each host would ask itself.
      guard !place.isLocal || sentinel.isLocal else {
        return .nothing("it names \(place), which is another engine on each host")
      }
      return .named(place)
    default: return .nothing("it does not answer as Sentinel does")
    }
  }

  // MARK: - The result

  /// Where more than half of them say that the master is.
  package var majority: EnginePlace? {
    ranking.first { place in count(of: place) > sentinels.count / 2 }
  }

  /// Whether further answers would change nothing.
  package var isDecided: Bool { majority != nil || !answers.contains { $0 == nil } }

  /// Where the master may be: what most of them name, and nothing else. Where there is no such place, each that one names.
  package var candidates: [EnginePlace] { majority.map { [$0] } ?? ranking }

  /// What they name: that of many comes before that of few, and then what the first in the settings names.
  private var ranking: [EnginePlace] {
    var places: [EnginePlace] = []
    for case .named(let place)? in answers where !places.contains(place) { places.append(place) }
    let order = places.enumerated().sorted { first, second in
      let (one, other) = (count(of: first.element), count(of: second.element))
      return one == other ? first.offset < second.offset : one > other
    }
    return order.map(\.element)
  }

  private func count(of place: EnginePlace) -> Int {
    answers.count { if case .named(place)? = $0 { true } else { false } }
  }

  /// Half a sentence: why none of them says where the master is; nil if one does, or they were not all heard.
  package var trouble: String? {
    var reasons: [(reason: String, sentinels: [String])] = []
    for (sentinel, answer) in zip(sentinels, answers) {
      guard case .nothing(let reason)? = answer else { return nil }
      if let index = reasons.firstIndex(where: { $0.reason == reason }) {
        reasons[index].sentinels.append("\(sentinel)")
      } else {
        reasons.append((reason, ["\(sentinel)"]))
      }
    }
    let words = reasons.map { "\($0.sentinels.joined(separator: ", ")): \($0.reason)" }
    return "no Sentinel says where '\(master)' is: \(words.joined(separator: "; "))"
  }
}
