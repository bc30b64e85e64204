import ArgumentParser
import OceanAddresses
import OceanControlAPI
import OceanHost
import OceanReport
import OceanSyntax

struct Unblock: ParsableCommand {
  static let configuration = CommandConfiguration(
    "unblock", "Lift blocks of anti-hammering, and forget the failures that led to them.",
    exits: [
      0: "blocks were lifted", 1: "there was nothing to lift, or no server answers", 2: "wrong usage",
    ], example: "ocean unblock 203.0.113.9", aliases: ["unban"])

  @Argument(help: "Addresses or networks.")
  var addresses: [String] = []

  @Flag(help: "All blocks.")
  var all = false

  @OptionGroup var config: ConfigOption

  @OptionGroup var control: ControlOptions

  @OptionGroup var screen: ScreenOptions

  func validate() throws { _ = try request() }

  private func request() throws -> UnblockRequest {
    guard addresses.isEmpty == all else { throw ValidationError("Give addresses or networks, or --all.") }
    if all { return UnblockRequest(addresses: nil) }
    return UnblockRequest(
      addresses: try addresses.map { text in
        do {
          return try IPPrefix(parsing: text)
        } catch {
          let hint = text.isFile ? "; the config is given with -c \(Files.absolute(text).shellQuoted)" : ""
          throw ValidationError("'\(text.escapedForDisplay)' is not an address or network\(hint).")
        }
      })
  }

  func run() throws {
    let request = try request()
    try reporting {
      let lifted = try control.client(config).unblock(request)
      try control.show(lifted, BlocksText.text(ofLifted: lifted))
      if lifted.blocks.isEmpty { throw ExitCode(1) }
    }
  }
}
