import OceanAddresses
import OceanBase
@testable import OceanAccess

let second: Int64 = 1_000_000_000

extension ClockReading {
  static let start = ClockReading(monotonic: 5 * second, wall: 1_800_000_000 * second)

  /// Both clocks `nanoseconds` later.
  static func + (moment: ClockReading, nanoseconds: Int64) -> ClockReading {
    ClockReading(monotonic: moment.monotonic + nanoseconds, wall: moment.wall + nanoseconds)
  }
}

extension AntiHammering.Limits {
  /// 5 failures, 15 and 30 minutes, 3 seconds.
  static let usual = AntiHammering.Limits(failureDelayMilliseconds: 3000, neverBlock: AddressSet())
}

extension AntiHammering {
  func failed(_ peer: IPAddress, _ user: [UInt8], _ password: String?, at now: ClockReading) -> Outcome {
    failed(peer, user: user, password: password.map { SecretBytes($0) }, at: now)
  }

  /// Fails until the address is blocked.
  func block(_ peer: IPAddress, at now: ClockReading = .start) {
    for _ in 0...100 {
      if case .blocked = failed(peer, [], nil, at: now) { return }
    }
  }
}

extension AntiHammering.Outcome {
  var isNewBlock: Bool {
    if case .blocked(_, isNew: true) = self { true } else { false }
  }
}
