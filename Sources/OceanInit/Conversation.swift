package import OceanSyntax

/// How a person is asked.
package struct Conversation {
  /// Shows a line.
  package var say: (String) -> Void
  /// Asks a question; nil if there is no more answer to come.
  package var ask: (String) -> String?

  package init(say: @escaping (String) -> Void, ask: @escaping (String) -> String?) {
    (self.say, self.ask) = (say, ask)
  }

  /// The same on a screen, whose lines it keeps to.
  package init(on screen: Screen, say: @escaping (String) -> Void, ask: @escaping (String) -> String?) {
    self.init(
      say: { text in
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        say(lines.flatMap { screen.fitted(String($0), indent: 0) }.joined(separator: "\n"))
      }, ask: ask)
  }
}

/// Why there are no choices. Nothing was written.
package enum Refusal: Error, Equatable {
  /// A mistake on the command line, or something that only the command line can decide: a sentence.
  case usage(String)
  /// The person stopped, or gave no usable answer: a sentence.
  case stopped(String)

  package var sentence: String {
    switch self {
    case .usage(let sentence), .stopped(let sentence): sentence
    }
  }
}

/// What is wrong with an answer, in a sentence.
struct Flaw: Error {
  let sentence: String

  init(_ sentence: String) { self.sentence = sentence }
}
