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

extension Terminal.Color: ExpressibleByArgument {}
