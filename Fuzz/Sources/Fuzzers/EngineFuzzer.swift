@testable import OceanAccess
import OceanAddresses
import OceanPlan

/// What Valkey, Redis or a Sentinel answers, or whatever is in its place.
///
/// The answer is the same however it arrives, and what is taken over of it stays within the bounds that this server has.
@_cdecl("fuzz_engine")
func fuzzEngine(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  func read(_ length: Int) -> Result<(value: RESPValue, length: Int)?, any Error> {
    Result { try bytes.withUnsafeBytes { try RESPValue.read(.init(rebasing: $0[..<length])) } }
  }
  guard case .success(let found?) = read(count) else { return 0 }
  precondition((3...count).contains(found.length))
  for length in 0..<found.length {
    guard case .success(nil) = read(length) else {
      preconditionFailure("cut otherwise, it is read otherwise")
    }
  }
  _ = try? SharedStateError.engine(found.value)
  precondition(!SharedStateError.answer(found.value, "ocean:").reason.isEmpty)

  var settings = Plan.SharedState.Sentinel()
  (settings.master, settings.at) = ("m", [EnginePlace(host: "192.0.2.1", port: 1)].compactMap(\.self))
  var poll = SentinelPoll(settings)
  poll.take(found.value, from: 0)
  precondition(poll.isDecided && poll.candidates.isEmpty == (poll.trouble != nil))
  for place in poll.candidates {
    precondition(!place.isLocal && (1...65_535).contains(place.port))
    precondition((1...253).contains(place.host.utf8.count))
    precondition(EnginePlace(parsing: "\(place)", defaultPort: 1) == place)
  }

  let limits = AntiHammering.Limits(failureDelayMilliseconds: 0, neverBlock: .localhost)
  let shared = SharedState(limits) {}
  let now = ClockReading(monotonic: 1_000_000_000, wall: 1_700_000_000_000_000_000)
  _ = try? shared.take(found.value, to: shared.exchange(at: now), at: now)
  for block in shared.failures.blocks(at: now) {
    precondition(block.since <= now.wall && block.until > now.wall)
    precondition(block.until <= now.wall + 1_800_000_000_000 && block.failures >= 0)
  }
  return 0
}
