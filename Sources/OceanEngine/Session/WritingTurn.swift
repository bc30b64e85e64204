/// How much a session may write before the other sessions of its loop have their turn.
struct WritingTurn {
  /// The number of octets from which collected replies are written.
  static let threshold = 16 * 1024
  private static let flushes = 8

  /// How often output may still be flushed in this turn. Calls of `run` do not count: while the socket takes
  /// everything, NIO calls it again and again without a look at other sockets.
  private var flushesLeft = flushes
  /// Whether the loop calls the session back after a look at its sockets.
  private(set) var isYielding = false

  /// Notes that the loop has looked at its sockets.
  mutating func began() { flushesLeft = Self.flushes }

  /// - Returns: whether the turn is over.
  mutating func flushed() -> Bool {
    flushesLeft -= 1
    return flushesLeft <= 0
  }

  /// - Returns: whether the loop must be asked; otherwise it already knows.
  mutating func yields() -> Bool {
    defer { isYielding = true }
    return !isYielding
  }

  mutating func resumed() {
    isYielding = false
    began()
  }
}
