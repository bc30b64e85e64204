/// How a person is asked.
package struct Conversation {
  /// Shows a line.
  package var say: (String) -> Void
  /// Asks a question; nil if there is no more answer to come.
  package var ask: (String) -> String?

  package init(say: @escaping (String) -> Void, ask: @escaping (String) -> String?) {
    (self.say, self.ask) = (say, ask)
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
