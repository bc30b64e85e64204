package import OceanControlAPI
package import OceanSyntax

/// Addresses that are blocked, for people.
package enum BlocksText {
  /// - Parameter server: the server that blocks them, for the command that lifts a block.
  package static func text(of list: ActiveBlocks, server: ServerName, on screen: Screen) -> String {
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
    return table.text(on: screen) + "\n\(addresses(list.blocks.count)) blocked\n"
      + "lift a block: \(server.command("unblock ADDRESS"))"
  }

  package static func text(ofLifted list: ActiveBlocks) -> String {
    if list.blocks.isEmpty { return "nothing was blocked there" }
    return list.blocks.map { "lifted: \($0.address.short)" }.joined(separator: "\n")
  }

  package static func addresses(_ count: Int) -> String { count == 1 ? "1 address" : "\(count) addresses" }
}
