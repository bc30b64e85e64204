import ArgumentParser
import Glibc
import OceanReport
import OceanSyntax

/// How a command's output looks. Every command has this option.
struct ScreenOptions: ParsableArguments {
  @Option(help: "Colours: auto (on a terminal, unless NO_COLOR is set), always or never.")
  var color = Terminal.Color.auto

  /// Standard output.
  var output: Screen { Screen(of: STDOUT_FILENO, color: color) }
  /// Standard error.
  var errors: Screen { Screen(of: STDERR_FILENO, color: color) }
}

extension Terminal.Color: ExpressibleByArgument {
  /// What the words of a command line ask for. Mistakes in them are told in these colours, too, before anything has
  /// been parsed.
  init(in words: [String]) {
    let words = words.prefix { $0 != "--" }
    let values = zip(words, words.dropFirst() + [""]).compactMap { word, next in
      word == "--color" ? next : word.hasPrefix("--color=") ? String(word.dropFirst("--color=".count)) : nil
    }
    self = values.last.flatMap(Self.init(rawValue:)) ?? .auto
  }
}
