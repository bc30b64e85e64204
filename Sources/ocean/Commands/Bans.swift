import ArgumentParser
import Glibc
import OceanCompiler
import OceanPlan

struct Bans: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Which addresses does anti-hammering block now?",
    discussion: "Exits with 0, or with 1 if no server answers.")

  @Argument(help: "The config file (default: \(ControlOptions.defaultFile)).")
  var file: String?

  @OptionGroup var control: ControlOptions

  func run() throws {
    try ControlOptions.run {
      let list = try control.client(file: file).blocks()
      try control.show(list, Self.text(of: list))
    }
  }

  static func text(of list: BlockList) -> String {
    if list.blocks.isEmpty { return "no address is blocked" }
    var table = Table([
      ("ADDRESS", .left), ("SINCE", .left), ("UNTIL", .left), ("LEFT", .right), ("FAILURES", .right),
    ])
    for block in list.blocks {
      table.add([
        block.address.short, block.since, block.until, Quantities.duration(seconds: block.secondsLeft),
        "\(block.failures)",
      ])
    }
    return table.text(color: Terminal.hasColor(STDOUT_FILENO)) + "\n\(addresses(list.blocks.count)) blocked"
  }

  static func addresses(_ count: Int) -> String { count == 1 ? "1 address" : "\(count) addresses" }
}

struct Unban: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lift blocks of anti-hammering, and forget the failures that led to them.",
    discussion: "Exits with 0, or with 1 if there was nothing to lift or no server answers.")

  @Argument(help: "Addresses or networks.")
  var addresses: [String] = []

  @Flag(help: "All blocks.")
  var all = false

  @Option(help: "The config file (default: \(ControlOptions.defaultFile)).")
  var config: String?

  @OptionGroup var control: ControlOptions

  func validate() throws { _ = try request() }

  private func request() throws -> UnblockRequest {
    guard addresses.isEmpty == all else { throw ValidationError("Give addresses or networks, or --all.") }
    if all { return UnblockRequest(addresses: nil) }
    return UnblockRequest(
      addresses: try addresses.map { text in
        do {
          return try IPPrefix(parsing: text)
        } catch {
          throw ValidationError("'\(text)' is no address or network.")
        }
      })
  }

  func run() throws {
    let request = try request()
    try ControlOptions.run {
      let lifted = try control.client(file: config).unblock(request)
      try control.show(
        lifted,
        lifted.blocks.isEmpty
          ? "nothing was blocked there"
          : lifted.blocks.map { "lifted: \($0.address.short)" }.joined(separator: "\n"))
      if lifted.blocks.isEmpty { throw ExitCode(1) }
    }
  }
}
